-- One row an open stage × month of entry, the newest eighteen months that have ended.
with

ended as (
    select
        *,
        max(cohort_month) over () as newest_month
    from marts.funnel_stage_conversion
    where
        dimension = 'all'
        and pipeline_key = $pipeline
        and last_day(cohort_month) <= as_of_date
),

final as (
    select
        stage_key,
        stage_name,
        stage_rank,
        cohort_month,
        reached_count,
        reached_next_count,
        open_here_count,
        next_rate,
        next_rate_low,
        next_rate_high,
        is_mature
    from ended
    where cohort_month > newest_month - interval 18 month and reached_count > 0
)

select * from final
order by stage_rank, stage_key, cohort_month
