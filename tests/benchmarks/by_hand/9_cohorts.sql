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
)

select
    'salesforce:default' as pipeline_key,
    cumulative.cohort_month,
    cumulative.age_months,
    cumulative.dimension,
    cumulative.dimension_value,
    cast(cumulative.cohort_count as bigint) as cohort_count,
    cast(cumulative.cohort_amount as decimal(18, 2)) as cohort_amount,
    cast(cumulative.missing_amount_count as bigint) as missing_amount_count,
    seen.won as won_count,
    case when cumulative.is_observed then cast(cumulative.lost_count as bigint) end as lost_count,
    case
        when cumulative.is_observed
            then cast(cumulative.cohort_count - cumulative.won_count - cumulative.lost_count as bigint)
    end as open_count,
    case when cumulative.is_observed then cast(cumulative.won_amount as decimal(18, 2)) end
        as won_amount,
    share(seen.won, cumulative.cohort_count) as win_rate,
    case when cumulative.is_observed then wilson(seen.won, cumulative.cohort_count, -1) end
        as win_rate_low,
    case when cumulative.is_observed then wilson(seen.won, cumulative.cohort_count, 1) end
        as win_rate_high,
    case
        when cumulative.is_observed then share(cumulative.won_amount, cumulative.cohort_amount)
    end as realised_rate,
    cumulative.is_observed,
    cumulative.as_of_date
from cumulative
cross join lateral (
    select case when cumulative.is_observed then cast(cumulative.won_count as bigint) end as won
) as seen;
