-- One row a pipeline × calendar quarter of creation: what value was created, how it changed, and
-- what became of it. To the cent: created + named later + up + down = won + lost + open.
--
-- Value at creation is the amount of an opportunity's first version. One that came without an
-- amount was created with none and brings its value later, by being named: nothing is imputed.
with

opportunities as (
    select * from {{ ref('fct_opportunity') }}
    where created_at is not null
),

first_versions as (
    select * from {{ ref('fct_opportunity_version') }}
    where version_number = 1
),

stages as (
    select * from {{ ref('int_stages') }}
    where stage_rank = 1
),

horizons as (
    select * from {{ ref('int_stage_horizons') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

valued as (
    select
        opportunities.pipeline_key,
        {{ quarter_of(business_date('opportunities.created_at')) }} as cohort_quarter,
        opportunities.outcome,
        first_versions.amount as first_amount,
        opportunities.amount as newest_amount,
        -- An amount that was taken away again is worth nothing.
        coalesce(opportunities.amount, 0) - first_versions.amount as amount_change
    from opportunities
    left join first_versions on opportunities.opportunity_key = first_versions.opportunity_key
),

cohorts as (
    select
        pipeline_key,
        cohort_quarter,
        count(*) as opportunity_count,
        sum(case when outcome = 'won' then 1 else 0 end) as won_count,
        sum(case when outcome = 'lost' then 1 else 0 end) as lost_count,
        sum(case when outcome = 'open' then 1 else 0 end) as open_count,
        sum(case when first_amount is null then 1 else 0 end) as missing_amount_count,
        sum(case when first_amount is null and newest_amount is not null then 1 else 0 end)
            as named_later_count,
        sum(case when amount_change > 0 then 1 else 0 end) as amount_up_count,
        sum(case when amount_change < 0 then 1 else 0 end) as amount_down_count,
        sum(coalesce(first_amount, 0)) as created_amount,
        sum(case when first_amount is null then coalesce(newest_amount, 0) else 0 end)
            as named_later_amount,
        sum(case when amount_change > 0 then amount_change else 0 end) as amount_up,
        sum(case when amount_change < 0 then amount_change else 0 end) as amount_down,
        sum(case when outcome = 'won' then coalesce(newest_amount, 0) else 0 end) as won_amount,
        sum(case when outcome = 'lost' then coalesce(newest_amount, 0) else 0 end) as lost_amount,
        sum(case when outcome = 'open' then coalesce(newest_amount, 0) else 0 end) as open_amount
    from valued
    group by pipeline_key, cohort_quarter
),

final as (
    select
        cohorts.pipeline_key,
        cohorts.cohort_quarter,
        cast(cohorts.opportunity_count as bigint) as opportunity_count,
        cast(cohorts.won_count as bigint) as won_count,
        cast(cohorts.lost_count as bigint) as lost_count,
        cast(cohorts.open_count as bigint) as open_count,
        cast(cohorts.missing_amount_count as bigint) as missing_amount_count,
        cast(cohorts.named_later_count as bigint) as named_later_count,
        cast(cohorts.amount_up_count as bigint) as amount_up_count,
        cast(cohorts.amount_down_count as bigint) as amount_down_count,
        cast(cohorts.created_amount as decimal(18, 2)) as created_amount,
        cast(cohorts.named_later_amount as decimal(18, 2)) as named_later_amount,
        cast(cohorts.amount_up as decimal(18, 2)) as amount_up,
        cast(cohorts.amount_down as decimal(18, 2)) as amount_down,
        cast(cohorts.lost_amount as decimal(18, 2)) as lost_amount,
        cast(cohorts.open_amount as decimal(18, 2)) as open_amount,
        cast(cohorts.won_amount as decimal(18, 2)) as won_amount,
        {{ money_ratio('cohorts.won_amount', 'cohorts.created_amount') }} as realised_rate,
        -- The whole quarter is mature once its last day is.
        coalesce(
            {{ days_between(
                start_of_day(add_months('cohorts.cohort_quarter', 3)), 'as_of.as_of_at'
            ) }}
            >= horizons.horizon_days,
            false
        ) as is_mature,
        as_of.as_of_date
    from cohorts
    cross join as_of
    left join stages on cohorts.pipeline_key = stages.pipeline_key
    left join horizons on stages.stage_key = horizons.stage_key
)

select * from final
