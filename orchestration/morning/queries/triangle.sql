-- One row a month of creation × age up to a year, the newest fourteen months that have ended.
with

ended as (
    select
        *,
        max(cohort_month) over () as newest_month
    from marts.cohort_win_triangle
    where
        dimension = 'all'
        and pipeline_key = $pipeline
        and age_months <= 12
        and last_day(cohort_month) <= as_of_date
),

final as (
    select
        cohort_month,
        age_months,
        cohort_count,
        won_count,
        is_observed,
        win_rate,
        projected_win_rate
    from ended
    where cohort_month > newest_month - interval 14 month
)

select * from final
order by cohort_month, age_months
