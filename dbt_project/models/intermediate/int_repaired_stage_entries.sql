-- One row an entry of an opportunity of which a close was ever reversed or that was moved in bulk,
-- with what is made of it: void as a close that was reversed at once, or merged into the stay
-- before it.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

entries as (
    select * from {{ changed_rows(ref('int_stage_entries'), 'int_changed_stage_events') }}
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
    where previous_stage_kind in ('won', 'lost') and stage_kind <> previous_stage_kind
),

flagged as (
    select
        entries.*,
        moved.entry_number is not null as is_moved,
        coalesce(entries.stage_kind = entries.previous_stage_kind, false) as is_run_on
    from entries
    inner join to_repair on entries.opportunity_key = to_repair.opportunity_key
    left join moved
        on
            entries.opportunity_key = moved.opportunity_key
            and entries.entry_number = moved.entry_number
),

-- Entries of one kind in a row: open ones, closes by a win, or closes by a loss.
in_runs as (
    select
        *,
        sum(case when is_run_on then 0 else 1 end) over (
            partition by opportunity_key
            order by entry_number
            rows between unbounded preceding and current row
        ) as run_number
    from flagged
),

-- A win that became a loss, or the other way round, was as much reversed as one that was reopened.
voids as (
    select
        opportunity_key,
        run_number
    from (
        select
            opportunity_key,
            run_number,
            stage_kind,
            occurred_at as began_at,
            lead(occurred_at) over (
                partition by opportunity_key order by run_number
            ) as reversed_at
        from in_runs
        where not is_run_on
    ) as runs
    where
        stage_kind <> 'open'
        and {{ days_between('began_at', 'reversed_at') }} <= {{ var('reopen_grace_days') }}
),

judged as (
    select
        in_runs.*,
        voids.run_number is not null as is_void
    from in_runs
    left join voids
        on
            in_runs.opportunity_key = voids.opportunity_key
            and in_runs.run_number = voids.run_number
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
