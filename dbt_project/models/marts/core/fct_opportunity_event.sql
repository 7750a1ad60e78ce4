-- One row a change of one field of an opportunity, deleted ones included, in the order in which
-- they happened. Void closes and bulk moves stand in it, flagged.
{%- set fields = [
    'created', 'pipeline', 'stage', 'amount', 'close_date', 'owner', 'forecast_category',
    'reopened', 'merged', 'deleted', 'undeleted',
] %}
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities'), 'int_changed_stage_events') }}
),

entries as (
    select * from {{ changed_rows(ref('int_stage_entries'), 'int_changed_stage_events') }}
),

repaired as (
    select * from {{ changed_rows(ref('int_repaired_stage_entries'), 'int_changed_stage_events') }}
),

stage_events as (
    select * from {{ changed_rows(ref('int_stage_events'), 'int_changed_stage_events') }}
    where is_reopening
),

field_changes as (
    select * from {{ changed_rows(ref('int_field_changes'), 'int_changed_stage_events') }}
),

owner_spans as (
    select * from {{ changed_rows(ref('int_owner_spans'), 'int_changed_stage_events') }}
    where span_number > 0
),

deletions as (
    select * from {{ changed_rows(ref('int_deletions'), 'int_changed_stage_events') }}
),

stage_changes as (
    select
        entries.*,
        coalesce(repaired.is_void, false) as is_void,
        coalesce(repaired.is_moved, false) as is_moved
    from entries
    left join repaired
        on
            entries.opportunity_key = repaired.opportunity_key
            and entries.entry_number = repaired.entry_number
),

changes as (
    select
        opportunity_key,
        created_at as occurred_at,
        'created' as field,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value,
        created_by_owner_key as actor_key,
        cast(null as varchar) as source_record,
        'history' as origin,
        false as is_void,
        false as is_migration,
        0 as place
    from opportunities
    where created_at is not null
    union all
    select
        opportunity_key,
        occurred_at,
        'stage' as field,
        previous_stage_key as old_value,
        stage_key as new_value,
        actor_key,
        source_record,
        origin,
        is_void,
        is_moved as is_migration,
        entry_number as place
    from stage_changes
    union all
    select
        opportunity_key,
        occurred_at,
        'pipeline' as field,
        previous_pipeline_key as old_value,
        pipeline_key as new_value,
        actor_key,
        source_record,
        origin,
        false as is_void,
        false as is_migration,
        entry_number as place
    from stage_changes
    where previous_pipeline_key <> pipeline_key
    {%- for field in ['amount', 'close_date', 'forecast_category'] %}
    {%- set column = 'amount_local' if field == 'amount' else field %}
    union all
    select
        opportunity_key,
        changed_at as occurred_at,
        '{{ field }}' as field,
        cast(old_{{ column }} as varchar) as old_value,
        cast(new_{{ column }} as varchar) as new_value,
        actor_key,
        source_record,
        origin,
        false as is_void,
        false as is_migration,
        place
    from field_changes
    where is_{{ field }}_changed
    {%- endfor %}
    union all
    select
        opportunity_key,
        valid_from as occurred_at,
        'owner' as field,
        old_owner_key as old_value,
        owner_key as new_value,
        actor_key,
        source_record,
        origin,
        false as is_void,
        false as is_migration,
        span_number as place
    from owner_spans
    union all
    select
        opportunity_key,
        occurred_at,
        'reopened' as field,
        cast(null as varchar) as old_value,
        cast(null as varchar) as new_value,
        cast(null as varchar) as actor_key,
        source_record,
        origin,
        false as is_void,
        false as is_migration,
        event_number as place
    from stage_events
    union all
    select
        opportunity_key,
        occurred_at,
        field,
        case when field = 'merged' then previous_survivor_key end as old_value,
        case when field = 'merged' then survivor_key end as new_value,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        'nights' as origin,
        false as is_void,
        false as is_migration,
        version_number as place
    from deletions
),

final as (
    select
        opportunity_key,
        cast(
            row_number() over (
                partition by opportunity_key
                order by
                    occurred_at nulls first,
                    case field
                        {%- for field in fields %}
                        when '{{ field }}' then {{ loop.index }}
                        {%- endfor %}
                    end,
                    place
            ) as integer
        ) as event_number,
        occurred_at,
        field,
        old_value,
        new_value,
        actor_key,
        source_record,
        origin,
        is_void,
        is_migration
    from changes
)

select * from final
