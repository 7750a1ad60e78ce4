-- What became of each month's cohort as it aged, with the chain ladder's projection.

create table marts.cohort_win_triangle as
with

cohorts as (
    select
        cohort_month,
        dimension,
        dimension_value,
        sum(member_count) as cohort_count,
        sum(initial_amount) as cohort_amount,
        sum(missing_amount_count) as missing_amount_count
    from cohort_closings
    group by cohort_month, dimension, dimension_value
),

closed as (
    select
        cohort_month,
        dimension,
        dimension_value,
        closing_age as age_months,
        sum(member_count) filter (where outcome = 'won') as won_count,
        sum(member_count) filter (where outcome = 'lost') as lost_count,
        sum(won_amount) as won_amount
    from cohort_closings
    where closing_age is not null
    group by cohort_month, dimension, dimension_value, closing_age
),

ages as (
    select cast(unnest(generate_series(0, 24)) as integer) as age_months
),

cells as (
    select
        cohorts.*,
        ages.age_months,
        last_day(cohorts.cohort_month) + to_months(ages.age_months) <= today.as_of_date
            as is_observed,
        today.as_of_date
    from cohorts
    cross join today
    inner join ages
        on (select min(cohort_month) from cohorts) + to_months(ages.age_months) <= today.as_of_date
),

cumulative as (
    select
        cells.*,
        sum(coalesce(closed.won_count, 0)) over by_age as won_count,
        sum(coalesce(closed.lost_count, 0)) over by_age as lost_count,
        sum(coalesce(closed.won_amount, 0)) over by_age as won_amount
    from cells
    left join closed using (cohort_month, dimension, dimension_value, age_months)
    window by_age as (
        partition by cells.cohort_month, cells.dimension, cells.dimension_value
        order by cells.age_months
    )
),

with_next as (
    select
        *,
        lead(won_count) over by_age as next_won_count,
        lead(is_observed) over by_age as is_next_observed,
        max(age_months) filter (where is_observed) over whole as last_observed_age,
        max(won_count) filter (where is_observed) over whole as last_won_count
    from cumulative
    window
        by_age as (
            partition by cohort_month, dimension, dimension_value order by age_months
        ),
        whole as (partition by cohort_month, dimension, dimension_value)
),

development as (
    select
        dimension,
        dimension_value,
        age_months + 1 as age_months,
        sum(next_won_count) / nullif(sum(won_count)::double, 0) as factor
    from with_next
    where is_observed and is_next_observed
    group by dimension, dimension_value, age_months
),

-- A missing factor leaves every later age without projection.
chained as (
    select
        dimension,
        dimension_value,
        age_months,
        sum(ln(factor)) over by_age as log_factor,
        count(*) filter (where factor is null or factor <= 0) over by_age as gap_count
    from development
    window by_age as (
        partition by dimension, dimension_value
        order by age_months
        rows between unbounded preceding and current row
    )
)

select
    'salesforce:default' as pipeline_key,
    with_next.cohort_month,
    with_next.age_months,
    with_next.dimension,
    with_next.dimension_value,
    cast(with_next.cohort_count as bigint) as cohort_count,
    cast(with_next.cohort_amount as decimal(18, 2)) as cohort_amount,
    cast(with_next.missing_amount_count as bigint) as missing_amount_count,
    seen.won as won_count,
    case when with_next.is_observed then cast(with_next.lost_count as bigint) end as lost_count,
    case
        when with_next.is_observed
            then cast(with_next.cohort_count - with_next.won_count - with_next.lost_count as bigint)
    end as open_count,
    case when with_next.is_observed then cast(with_next.won_amount as decimal(18, 2)) end
        as won_amount,
    share(seen.won, with_next.cohort_count) as win_rate,
    case when with_next.is_observed then wilson(seen.won, with_next.cohort_count, -1) end
        as win_rate_low,
    case when with_next.is_observed then wilson(seen.won, with_next.cohort_count, 1) end
        as win_rate_high,
    case
        when with_next.is_observed then share(with_next.won_amount, with_next.cohort_amount)
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
cross join lateral (
    select case when with_next.is_observed then cast(with_next.won_count as bigint) end as won
) as seen
left join chained as reached_now
    on
        with_next.dimension = reached_now.dimension
        and with_next.dimension_value = reached_now.dimension_value
        and with_next.age_months = reached_now.age_months
left join chained as reached_then
    on
        with_next.dimension = reached_then.dimension
        and with_next.dimension_value = reached_then.dimension_value
        and with_next.last_observed_age = reached_then.age_months;
