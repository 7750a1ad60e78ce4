-- One row a pipeline × open stage × month in which the stage was reached × slice. An undated entry
-- counts in the row without a month.
with

sums as (
    select * from {{ ref('int_funnel_sums') }}
),

reached as (
    select * from {{ ref('int_stages_reached') }}
),

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

horizons as (
    select * from {{ ref('int_stage_horizons') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The instant up to which entries into a stage are mature, and the month in which it lies: that
-- month alone has to be counted entry by entry.
thresholds as (
    select
        horizons.stage_key,
        horizons.horizon_days,
        as_of.as_of_at,
        {{ month_of(business_date(days_before('as_of.as_of_at', 'horizons.horizon_days'))) }}
            as threshold_month
    from horizons
    cross join as_of
),

around_threshold as (
    select
        reached.pipeline_key,
        reached.stage_key,
        {{ month_of(business_date('reached.reached_at')) }} as cohort_month,
        reached.owner_key as owner,
        opportunities.lead_source,
        opportunities.segment,
        opportunities.opportunity_type,
        opportunities.account_industry
    from reached
    inner join thresholds
        on
            reached.stage_key = thresholds.stage_key
            and {{ month_of(business_date('reached.reached_at')) }} = thresholds.threshold_month
            and {{ days_between('reached.reached_at', 'thresholds.as_of_at') }}
            >= thresholds.horizon_days
    inner join opportunities on reached.opportunity_key = opportunities.opportunity_key
),

mature_around_threshold as (
    select
        stage_key,
        cohort_month,
        {{ slice_columns() }},
        count(*) as mature_count
    from around_threshold
    {{ group_by_slices(['stage_key', 'cohort_month']) }}
),

counted as (
    select
        sums.*,
        stages.stage_name,
        stages.stage_rank,
        thresholds.horizon_days,
        case
            when sums.cohort_month < thresholds.threshold_month then sums.reached_count
            when sums.cohort_month = thresholds.threshold_month
                then coalesce(mature_around_threshold.mature_count, 0)
            else 0
        end as mature_count,
        as_of.as_of_date,
        as_of.as_of_at
    from sums
    cross join as_of
    inner join stages on sums.stage_key = stages.stage_key
    left join thresholds on sums.stage_key = thresholds.stage_key
    left join mature_around_threshold
        on
            sums.stage_key = mature_around_threshold.stage_key
            and sums.cohort_month = mature_around_threshold.cohort_month
            and sums.dimension = mature_around_threshold.dimension
            and sums.dimension_value = mature_around_threshold.dimension_value
),

final as (
    select
        pipeline_key,
        stage_key,
        stage_name,
        stage_rank,
        cohort_month,
        dimension,
        dimension_value,
        cast(reached_count as bigint) as reached_count,
        cast(visited_count as bigint) as visited_count,
        cast(ordered_count as bigint) as ordered_count,
        cast(reached_next_count as bigint) as reached_next_count,
        cast(won_count as bigint) as won_count,
        cast(lost_here_count as bigint) as lost_here_count,
        cast(open_here_count as bigint) as open_here_count,
        cast(handed_off_count as bigint) as handed_off_count,
        cast(reached_amount as decimal(18, 2)) as reached_amount,
        cast(reached_next_amount as decimal(18, 2)) as reached_next_amount,
        cast(won_amount as decimal(18, 2)) as won_amount,
        cast(lost_here_amount as decimal(18, 2)) as lost_here_amount,
        {{ rate('reached_next_count', 'reached_count') }} as next_rate,
        {{ wilson_low('reached_next_count', 'reached_count') }} as next_rate_low,
        {{ wilson_high('reached_next_count', 'reached_count') }} as next_rate_high,
        {{ rate('won_count', 'reached_count') }} as win_rate,
        {{ wilson_low('won_count', 'reached_count') }} as win_rate_low,
        {{ wilson_high('won_count', 'reached_count') }} as win_rate_high,
        {{ rate('lost_here_count', 'reached_count') }} as leakage_rate,
        {{ rate('reached_next_amount', 'reached_amount') }} as next_amount_rate,
        {{ rate('won_amount', 'reached_amount') }} as win_amount_rate,
        {{ rate('lost_here_amount', 'reached_amount') }} as leakage_amount_rate,
        cast(mature_count as bigint) as mature_count,
        horizon_days,
        -- The whole month is mature once its last day is.
        coalesce(
            {{ days_between(start_of_day(add_months('cohort_month', 1)), 'as_of_at') }}
            >= horizon_days,
            false
        ) as is_mature,
        as_of_date
    from counted
)

select * from final
