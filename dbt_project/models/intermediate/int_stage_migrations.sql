-- One row a move of many: one actor, one hour, one pipeline, from one open stage to another. It is
-- a migration when it moved more than a set share of what was open there as the hour began.
-- depends_on: {{ ref('int_hours_of_moves') }}
{{ config(
    materialized='incremental',
    unique_key=['hour_at', 'actor_key'],
    meta={'recomputed': 'int_hours_of_moves'},
) }}
{#-
    An entry of which nobody knows the instant was before all others. No CTE: DuckDB would keep all
    of them, and in most hours nobody moves many.
-#}
{%- set entries -%}
(
    select
        opportunity_key,
        entry_number,
        pipeline_key,
        stage_key,
        stage_kind,
        previous_pipeline_key,
        previous_stage_key,
        previous_stage_kind,
        actor_key,
        occurred_at is not null as is_dated,
        {{ dbt.date_trunc('hour', "coalesce(occurred_at, cast('1900-01-01' as timestamp))") }}
            as hour_at
    from {{ ref('int_stage_entries') }}
) as entries
{%- endset %}
with

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
        hour_at
    from {{ entries }}
    where
        stage_kind = 'open'
        and previous_stage_kind = 'open'
        and previous_pipeline_key = pipeline_key
        and is_dated
        -- Whom nobody knows is not one.
        and actor_key is not null
        {{ 'and (hour_at, actor_key) in (select hour_at, actor_key from hours_of_moves)'
           if is_later_night() }}
    group by pipeline_key, previous_stage_key, stage_key, actor_key, hour_at
    having count(*) >= {{ var('migration_count') }}
),

hours as (
    select distinct hour_at
    from moves
),

-- Whoever is moved to and fro is moved once.
moved as (
    select distinct
        moves.*,
        entries.opportunity_key
    from moves
    inner join {{ entries }}
        on
            moves.pipeline_key = entries.pipeline_key
            and moves.previous_stage_key = entries.previous_stage_key
            and moves.stage_key = entries.stage_key
            and moves.actor_key = entries.actor_key
            and moves.hour_at = entries.hour_at
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

-- Of whom it matters where they stood: who was moved, and who counts for nothing.
concerned as (
    select
        hour_at,
        opportunity_key,
        max(is_deleted) as is_deleted
    from (
        select
            hour_at,
            opportunity_key,
            false as is_deleted
        from moved
        union all
        select
            hour_at,
            opportunity_key,
            true as is_deleted
        from deleted_before_hours
    ) as named
    group by hour_at, opportunity_key
),

-- In which pipeline they stood open when the hour began.
stood as (
    select
        hour_at,
        opportunity_key,
        is_deleted,
        pipeline_key
    from (
        select
            concerned.hour_at,
            concerned.opportunity_key,
            concerned.is_deleted,
            entries.pipeline_key,
            entries.stage_kind,
            row_number() over (
                partition by concerned.hour_at, concerned.opportunity_key
                order by entries.entry_number desc
            ) as place
        from concerned
        inner join {{ entries }}
            on
                concerned.opportunity_key = entries.opportunity_key
                and concerned.hour_at > entries.hour_at
    ) as placed
    where place = 1 and stage_kind = 'open'
),

-- Nobody asks what stood open later.
last_hours as (
    select max(hour_at) as hour_at
    from hours
),

earlier as (
    select
        entries.hour_at,
        entries.pipeline_key,
        entries.stage_kind,
        entries.previous_pipeline_key,
        entries.previous_stage_kind
    from {{ entries }}
    inner join last_hours on entries.hour_at < last_hours.hour_at
),

-- Each entry takes its opportunity from where it stood open, and puts it where it stands open now:
-- the sum of all entries before an hour is what stood open when it began. No entry is dated before
-- the one it follows, so that those before an hour are the first ones of each opportunity.
steps as (
    select
        hour_at,
        pipeline_key,
        count(*) as step_count
    from earlier
    where stage_kind = 'open'
    group by hour_at, pipeline_key
    union all
    select
        hour_at,
        previous_pipeline_key as pipeline_key,
        -count(*) as step_count
    from earlier
    where previous_stage_kind = 'open'
    group by hour_at, previous_pipeline_key
),

open_counts as (
    select
        hour_at,
        pipeline_key,
        sum(open_count) as open_count
    from (
        select
            hours.hour_at,
            steps.pipeline_key,
            steps.step_count as open_count
        from hours
        inner join steps on hours.hour_at > steps.hour_at
        union all
        select
            hour_at,
            pipeline_key,
            -1 as open_count
        from stood
        where is_deleted
    ) as counted
    group by hour_at, pipeline_key
),

moved_counts as (
    select
        moved.pipeline_key,
        moved.previous_stage_key,
        moved.stage_key,
        moved.actor_key,
        moved.hour_at,
        count(stood.opportunity_key) as moved_count
    from moved
    left join stood
        on
            moved.hour_at = stood.hour_at
            and moved.opportunity_key = stood.opportunity_key
            and moved.pipeline_key = stood.pipeline_key
            and not stood.is_deleted
    group by
        moved.pipeline_key,
        moved.previous_stage_key,
        moved.stage_key,
        moved.actor_key,
        moved.hour_at
    having count(*) >= {{ var('migration_count') }}
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
