-- One row an open stage of a pipeline: what became of the deals that reached it in the newest twelve
-- months that are finished at every stage. Where none is finished, all entries count.
with

entries as (
    select *
    from marts.funnel_stage_conversion
    where dimension = 'all' and pipeline_key = $pipeline
),

unfinished as (
    select min(cohort_month) as first_month
    from entries
    where not is_mature
),

finished as (
    select max(entries.cohort_month) as last_month
    from entries
    cross join unfinished
    where
        entries.is_mature
        and (unfinished.first_month is null or entries.cohort_month < unfinished.first_month)
),

chosen as (
    select entries.*
    from entries
    cross join finished
    where
        finished.last_month is null
        or entries.cohort_month between finished.last_month - interval 11 month
        and finished.last_month
),

stays as (
    select
        stage_key,
        median_days_in_stage
    from marts.funnel_stage_exit
    where dimension = 'all' and exit_month is null
),

summed as (
    select
        chosen.stage_key,
        chosen.stage_name,
        chosen.stage_rank,
        cast(sum(chosen.reached_count) as bigint) as reached_count,
        cast(sum(chosen.reached_next_count) as bigint) as reached_next_count,
        cast(sum(chosen.won_count) as bigint) as won_count,
        cast(sum(chosen.lost_here_count) as bigint) as lost_here_count,
        cast(sum(chosen.open_here_count) as bigint) as open_here_count,
        cast(sum(chosen.handed_off_count) as bigint) as handed_off_count,
        min(chosen.cohort_month) as first_month,
        max(chosen.cohort_month) as last_month,
        bool_and(chosen.is_mature) as is_finished
    from chosen
    group by chosen.stage_key, chosen.stage_name, chosen.stage_rank
),

-- The 95 % interval by Wilson, as the mart has it for each month.
parts as (
    select
        *,
        reached_next_count / cast(nullif(reached_count, 0) as double) as next_rate,
        3.841458820694124 / nullif(reached_count, 0) as spread
    from summed
),

final as (
    select
        parts.* exclude (spread),
        greatest(
            (
                parts.next_rate + parts.spread / 2
                - sqrt(
                    parts.next_rate * (1 - parts.next_rate) * parts.spread
                    + parts.spread * parts.spread / 4
                )
            ) / (1 + parts.spread),
            0
        ) as next_rate_low,
        least(
            (
                parts.next_rate + parts.spread / 2
                + sqrt(
                    parts.next_rate * (1 - parts.next_rate) * parts.spread
                    + parts.spread * parts.spread / 4
                )
            ) / (1 + parts.spread),
            1
        ) as next_rate_high,
        stays.median_days_in_stage
    from parts
    left join stays on parts.stage_key = stays.stage_key
)

select * from final
order by stage_rank, stage_key
