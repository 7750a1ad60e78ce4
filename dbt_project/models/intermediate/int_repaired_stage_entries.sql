-- One row an entry of an opportunity that was ever reopened or moved in bulk, with what is made of
-- it: void as a close that was reversed at once, or merged into the stay before it.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

entries as (
    select * from {{ ref('int_stage_entries') }}
    {{ only_changed('int_changed_stage_events') }}
),

migrations as (
    select * from {{ ref('int_stage_migrations') }}
    where is_migration
),

moved as (
    select
        entries.opportunity_key,
        entries.entry_number
    from entries
    left join migrations
        on
            entries.pipeline_key = migrations.pipeline_key
            and entries.previous_stage_key = migrations.previous_stage_key
            and entries.stage_key = migrations.stage_key
            and entries.actor_key = migrations.actor_key
            and {{ dbt.date_trunc('hour', 'entries.occurred_at') }} = migrations.hour_at
    where
        entries.stage_kind = 'open'
        and entries.previous_stage_kind = 'open'
        and entries.previous_pipeline_key = entries.pipeline_key
        and (entries.is_migration or migrations.hour_at is not null)
),

to_repair as (
    select opportunity_key
    from moved
    union
    select opportunity_key
    from entries
    where stage_kind = 'open' and previous_stage_kind in ('won', 'lost')
),

flagged as (
    select
        entries.*,
        moved.entry_number is not null as is_moved,
        -- A run of closed stages bears the number of the open one before it.
        sum(case when entries.stage_kind = 'open' then 1 else 0 end) over (
            partition by entries.opportunity_key
            order by entries.entry_number
            rows between unbounded preceding and current row
        ) as run_number
    from entries
    inner join to_repair on entries.opportunity_key = to_repair.opportunity_key
    left join moved
        on
            entries.opportunity_key = moved.opportunity_key
            and entries.entry_number = moved.entry_number
),

runs as (
    select
        opportunity_key,
        run_number,
        min(case when stage_kind <> 'open' then occurred_at end) as first_closed_at,
        min(case when stage_kind = 'open' then occurred_at end) as opened_at
    from flagged
    group by opportunity_key, run_number
),

voids as (
    select
        closed_runs.opportunity_key,
        closed_runs.run_number
    from runs as closed_runs
    inner join runs as reopened_runs
        on
            closed_runs.opportunity_key = reopened_runs.opportunity_key
            and closed_runs.run_number + 1 = reopened_runs.run_number
    where
        {{ days_between('closed_runs.first_closed_at', 'reopened_runs.opened_at') }}
        <= {{ var('reopen_grace_days') }}
),

judged as (
    select
        flagged.*,
        flagged.stage_kind <> 'open' and voids.run_number is not null as is_void
    from flagged
    left join voids
        on
            flagged.opportunity_key = voids.opportunity_key
            and flagged.run_number = voids.run_number
),

kept as (
    select
        opportunity_key,
        entry_number,
        lag(stage_key) over by_time as kept_stage_key,
        lag(stage_kind) over by_time as kept_stage_kind
    from judged
    where not is_void
    window by_time as (partition by opportunity_key order by entry_number)
),

final as (
    select
        judged.opportunity_key,
        judged.entry_number,
        judged.is_void,
        judged.is_moved,
        max(case when judged.origin = 'synthesised' then 1 else 0 end) over (
            partition by judged.opportunity_key
        ) = 1 as has_synthesised_entry,
        coalesce(
            not judged.is_moved
            and (kept.kept_stage_key is null or kept.kept_stage_key <> judged.stage_key),
            false
        )
        and not judged.is_void as is_start,
        not judged.is_void
        and judged.stage_kind = 'open'
        and coalesce(kept.kept_stage_kind in ('won', 'lost'), false) as is_reopening
    from judged
    left join kept
        on
            judged.opportunity_key = kept.opportunity_key
            and judged.entry_number = kept.entry_number
)

select * from final
