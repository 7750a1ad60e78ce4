-- One row a move of many: one actor, one hour, one pipeline, from one open stage to another. It is
-- a migration when it moved more than a set share of what was open there as the hour began.
-- depends_on: {{ ref('int_hours_of_moves') }}
{{ config(
    materialized='incremental',
    unique_key='hour_at',
    meta={'recomputed': 'int_hours_of_moves'},
) }}
with

entries as (
    select * from {{ ref('int_stage_entries') }}
),

deletions as (
    select * from {{ ref('int_deletions') }}
),

{% if is_later_night() -%}
hours_of_moves as (
    select * from {{ ref('int_hours_of_moves') }}
),
{%- endif %}

moves as (
    select
        pipeline_key,
        previous_stage_key,
        stage_key,
        actor_key,
        {{ dbt.date_trunc('hour', 'occurred_at') }} as hour_at,
        count(*) as entry_count
    from entries
    where
        stage_kind = 'open'
        and previous_stage_kind = 'open'
        and previous_pipeline_key = pipeline_key
        and occurred_at is not null
        -- Whom nobody knows is not one.
        and actor_key is not null
        {{ 'and ' ~ dbt.date_trunc('hour', 'occurred_at')
           ~ ' in (select hour_at from hours_of_moves)' if is_later_night() }}
    group by
        pipeline_key,
        previous_stage_key,
        stage_key,
        actor_key,
        {{ dbt.date_trunc('hour', 'occurred_at') }}
    having count(distinct opportunity_key) >= {{ var('migration_count') }}
),

hours as (
    select distinct hour_at
    from moves
),

before_hours as (
    select
        hours.hour_at,
        entries.opportunity_key,
        entries.pipeline_key,
        entries.stage_kind,
        row_number() over (
            partition by hours.hour_at, entries.opportunity_key order by entries.entry_number desc
        ) as place
    from hours
    inner join entries
        on hours.hour_at > coalesce(entries.occurred_at, cast('1900-01-01' as timestamp))
),

deleted_before_hours as (
    select
        hour_at,
        opportunity_key
    from (
        select
            hours.hour_at,
            deletions.opportunity_key,
            deletions.is_deleted,
            row_number() over (
                partition by hours.hour_at, deletions.opportunity_key
                order by deletions.version_number desc
            ) as place
        from hours
        inner join deletions on hours.hour_at > deletions.occurred_at
    ) as placed
    where place = 1 and is_deleted
),

-- What stood open when the hour began.
standing as (
    select
        before_hours.hour_at,
        before_hours.pipeline_key,
        before_hours.opportunity_key
    from before_hours
    left join deleted_before_hours
        on
            before_hours.hour_at = deleted_before_hours.hour_at
            and before_hours.opportunity_key = deleted_before_hours.opportunity_key
    where
        before_hours.place = 1
        and before_hours.stage_kind = 'open'
        and deleted_before_hours.opportunity_key is null
),

open_counts as (
    select
        hour_at,
        pipeline_key,
        count(*) as open_count
    from standing
    group by hour_at, pipeline_key
),

moved_counts as (
    select
        moves.pipeline_key,
        moves.previous_stage_key,
        moves.stage_key,
        moves.actor_key,
        moves.hour_at,
        count(distinct standing.opportunity_key) as moved_count
    from moves
    inner join entries
        on
            moves.pipeline_key = entries.pipeline_key
            and moves.previous_stage_key = entries.previous_stage_key
            and moves.stage_key = entries.stage_key
            and moves.actor_key = entries.actor_key
            and moves.hour_at = {{ dbt.date_trunc('hour', 'entries.occurred_at') }}
    left join standing
        on
            entries.opportunity_key = standing.opportunity_key
            and moves.hour_at = standing.hour_at
            and moves.pipeline_key = standing.pipeline_key
    group by
        moves.pipeline_key,
        moves.previous_stage_key,
        moves.stage_key,
        moves.actor_key,
        moves.hour_at
),

final as (
    select
        moved_counts.pipeline_key,
        moved_counts.previous_stage_key,
        moved_counts.stage_key,
        moved_counts.actor_key,
        moved_counts.hour_at,
        moved_counts.moved_count,
        coalesce(open_counts.open_count, 0) as open_count,
        moved_counts.moved_count >= {{ var('migration_count') }}
        and moved_counts.moved_count
        > {{ var('migration_share') }} * coalesce(open_counts.open_count, 0) as is_migration
    from moved_counts
    left join open_counts
        on
            moved_counts.hour_at = open_counts.hour_at
            and moved_counts.pipeline_key = open_counts.pipeline_key
)

select * from final
