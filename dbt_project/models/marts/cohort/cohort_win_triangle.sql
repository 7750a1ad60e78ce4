-- One row a pipeline × month of creation × age in months × slice: what of the cohort was won, lost
-- or still open at that age. A cell is observed once every member has reached the age; the win
-- rate of other cells is projected by chain ladder. Undated opportunities are in no cohort.
with

sums as (
    select * from {{ ref('int_cohort_sums') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ages as (
    {{ numbers_to(var('triangle_months')) }}
),

cohorts as (
    select
        pipeline_key,
        cohort_month,
        dimension,
        dimension_value,
        sum(member_count) as cohort_count,
        sum(initial_amount) as cohort_amount,
        sum(missing_amount_count) as missing_amount_count
    from sums
    group by pipeline_key, cohort_month, dimension, dimension_value
),

closings as (
    select
        pipeline_key,
        cohort_month,
        closing_age,
        dimension,
        dimension_value,
        sum(case when outcome = 'won' then member_count else 0 end) as won_count,
        sum(case when outcome = 'lost' then member_count else 0 end) as lost_count,
        sum(won_amount) as won_amount
    from sums
    where closing_age is not null
    group by pipeline_key, cohort_month, closing_age, dimension, dimension_value
),

oldest_cohort as (
    select min(cohort_month) as cohort_month
    from cohorts
),

-- The ages that the oldest cohort has reached, if only on its first day.
reached_ages as (
    select ages.number
    from ages
    cross join as_of
    cross join oldest_cohort
    where {{ add_months('oldest_cohort.cohort_month', 'ages.number') }} <= as_of.as_of_date
),

cells as (
    select
        cohorts.*,
        reached_ages.number as age_months,
        {{ add_months(dbt.last_day('cohorts.cohort_month', 'month'), 'reached_ages.number') }}
        <= as_of.as_of_date as is_observed,
        as_of.as_of_date
    from cohorts
    cross join as_of
    cross join reached_ages
),

cumulative as (
    select
        cells.pipeline_key,
        cells.cohort_month,
        cells.age_months,
        cells.dimension,
        cells.dimension_value,
        cells.cohort_count,
        cells.cohort_amount,
        cells.missing_amount_count,
        cells.is_observed,
        cells.as_of_date,
        sum(coalesce(closings.won_count, 0)) over by_age as won_count,
        sum(coalesce(closings.lost_count, 0)) over by_age as lost_count,
        sum(coalesce(closings.won_amount, 0)) over by_age as won_amount
    from cells
    left join closings
        on
            cells.pipeline_key = closings.pipeline_key
            and cells.cohort_month = closings.cohort_month
            and cells.dimension = closings.dimension
            and cells.dimension_value = closings.dimension_value
            and cells.age_months = closings.closing_age
    window by_age as (
        partition by
            cells.pipeline_key, cells.cohort_month, cells.dimension, cells.dimension_value
        order by cells.age_months
        rows between unbounded preceding and current row
    )
),

with_next as (
    select
        *,
        lead(won_count) over by_age as next_won_count,
        lead(is_observed) over by_age as is_next_observed,
        max(case when is_observed then age_months end) over whole_cohort as last_observed_age,
        max(case when is_observed then won_count end) over whole_cohort as last_won_count
    from cumulative
    window
        whole_cohort as (
            partition by pipeline_key, cohort_month, dimension, dimension_value
        ),
        by_age as (
            partition by pipeline_key, cohort_month, dimension, dimension_value
            order by age_months
        )
),

-- Chain ladder: wins at one age over wins at the age before, over cohorts observed at both.
development as (
    select
        pipeline_key,
        dimension,
        dimension_value,
        age_months + 1 as age_months,
        sum(next_won_count) / nullif(cast(sum(won_count) as double), 0) as factor
    from with_next
    where is_observed and is_next_observed
    group by pipeline_key, dimension, dimension_value, age_months
),

-- Factors multiply from age to age; a missing factor leaves every later age without projection.
chained as (
    select
        pipeline_key,
        dimension,
        dimension_value,
        age_months,
        sum(ln(factor)) over by_age as log_factor,
        sum(case when factor is null or factor <= 0 then 1 else 0 end) over by_age as gap_count
    from development
    window by_age as (
        partition by pipeline_key, dimension, dimension_value
        order by age_months
        rows between unbounded preceding and current row
    )
),

final as (
    select
        with_next.pipeline_key,
        with_next.cohort_month,
        with_next.age_months,
        with_next.dimension,
        with_next.dimension_value,
        cast(with_next.cohort_count as bigint) as cohort_count,
        cast(with_next.cohort_amount as decimal(18, 2)) as cohort_amount,
        cast(with_next.missing_amount_count as bigint) as missing_amount_count,
        case when with_next.is_observed then cast(with_next.won_count as bigint) end as won_count,
        case when with_next.is_observed then cast(with_next.lost_count as bigint) end
            as lost_count,
        case
            when with_next.is_observed
                then cast(
                    with_next.cohort_count - with_next.won_count - with_next.lost_count as bigint
                )
        end as open_count,
        case when with_next.is_observed then cast(with_next.won_amount as decimal(18, 2)) end
            as won_amount,
        case
            when with_next.is_observed
                then {{ rate('with_next.won_count', 'with_next.cohort_count') }}
        end as win_rate,
        case
            when with_next.is_observed
                then {{ wilson_low('with_next.won_count', 'with_next.cohort_count') }}
        end as win_rate_low,
        case
            when with_next.is_observed
                then {{ wilson_high('with_next.won_count', 'with_next.cohort_count') }}
        end as win_rate_high,
        case
            when with_next.is_observed
                then {{ rate('with_next.won_amount', 'with_next.cohort_amount') }}
        end as realised_rate,
        with_next.is_observed,
        case
            when
                not with_next.is_observed
                and with_next.last_won_count > 0
                and reached_now.gap_count = coalesce(reached_then.gap_count, 0)
                then least(
                    1.0,
                    with_next.last_won_count
                    * exp(reached_now.log_factor - coalesce(reached_then.log_factor, 0))
                    / with_next.cohort_count
                )
        end as projected_win_rate,
        with_next.as_of_date
    from with_next
    left join chained as reached_now
        on
            with_next.pipeline_key = reached_now.pipeline_key
            and with_next.dimension = reached_now.dimension
            and with_next.dimension_value = reached_now.dimension_value
            and with_next.age_months = reached_now.age_months
    left join chained as reached_then
        on
            with_next.pipeline_key = reached_then.pipeline_key
            and with_next.dimension = reached_then.dimension
            and with_next.dimension_value = reached_then.dimension_value
            and with_next.last_observed_age = reached_then.age_months
)

select * from final
