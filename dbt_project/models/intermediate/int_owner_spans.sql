-- One row an opportunity × stretch of time under one owner, of opportunities that changed owners.
-- The first stretch has no beginning, the last one no end.
--
-- Field history tells where it knows the owner of an opportunity, else what nights showed.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities')) }}
),

versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions')) }}
    where not is_absent
),

field_history as (
    {{ staged_field_history() }}
),

told as (
    select
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        {{ key_of('source_system', 'old_value') }} as old_owner_key,
        {{ key_of('source_system', 'new_value') }} as new_owner_key,
        changed_at,
        coalesce(sequence, 0) as source_sequence,
        history_id,
        case when actor_id is not null then {{ key_of('source_system', 'actor_id') }} end
            as actor_key
    from field_history
    where field = 'owner_id'
    {{ only_changed_records(word='and') }}
),

with_field_history as (
    select distinct opportunity_key from told
),

seen as (
    select
        *,
        lag(owner_id) over by_version as previous_owner_id,
        lag(version_number) over by_version as previous_version_number
    from versions
    window by_version as (partition by opportunity_key order by version_number)
),

changes as (
    select
        *,
        'history' as origin
    from told
    union all
    select
        seen.opportunity_key,
        {{ key_of('seen.source_system', 'seen.previous_owner_id') }} as old_owner_key,
        {{ key_of('seen.source_system', 'seen.owner_id') }} as new_owner_key,
        seen.known_at as changed_at,
        cast(seen.version_number as bigint) as source_sequence,
        cast(null as varchar) as history_id,
        cast(null as varchar) as actor_key,
        'nights' as origin
    from seen
    left join with_field_history on seen.opportunity_key = with_field_history.opportunity_key
    where
        seen.previous_version_number is not null
        and seen.previous_owner_id is distinct from seen.owner_id
        and with_field_history.opportunity_key is null
),

-- What stood here is what changed, whatever the record says that it found.
chained as (
    select
        *,
        lag(new_owner_key) over (
            partition by opportunity_key
            order by changed_at, source_sequence, history_id nulls last
        ) as standing_owner_key
    from changes
),

placed as (
    select
        opportunity_key,
        coalesce(standing_owner_key, old_owner_key) as old_owner_key,
        new_owner_key,
        changed_at,
        history_id,
        actor_key,
        origin,
        row_number() over by_time as place,
        count(*) over (partition by opportunity_key) as change_count
    from chained
    where coalesce(standing_owner_key, old_owner_key) <> new_owner_key
    window by_time as (
        partition by opportunity_key
        order by changed_at, source_sequence, history_id nulls last
    )
),

-- An owner of today whom no change names.
latest as (
    select
        placed.opportunity_key,
        placed.new_owner_key as old_owner_key,
        opportunities.owner_key as new_owner_key,
        greatest(
            placed.changed_at, coalesce(opportunities.modified_at, placed.changed_at)
        ) as changed_at,
        placed.place + 1 as place
    from placed
    inner join opportunities on placed.opportunity_key = opportunities.opportunity_key
    where
        placed.place = placed.change_count
        and placed.new_owner_key <> opportunities.owner_key
),

all_changes as (
    select
        opportunity_key,
        old_owner_key,
        new_owner_key,
        changed_at,
        place,
        history_id,
        actor_key,
        origin
    from placed
    union all
    select
        opportunity_key,
        old_owner_key,
        new_owner_key,
        changed_at,
        place,
        cast(null as varchar) as history_id,
        cast(null as varchar) as actor_key,
        'synthesised' as origin
    from latest
),

spans as (
    select
        opportunity_key,
        place,
        new_owner_key as owner_key,
        changed_at as valid_from,
        lead(changed_at) over (partition by opportunity_key order by place) as valid_to,
        old_owner_key,
        history_id,
        actor_key,
        origin
    from all_changes
    union all
    select
        opportunity_key,
        0 as place,
        old_owner_key as owner_key,
        cast(null as timestamp) as valid_from,
        changed_at as valid_to,
        cast(null as varchar) as old_owner_key,
        cast(null as varchar) as history_id,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as origin
    from all_changes
    where place = 1
),

final as (
    select
        spans.opportunity_key,
        cast(spans.place as integer) as span_number,
        spans.owner_key,
        spans.valid_from,
        spans.valid_to,
        spans.old_owner_key,
        spans.history_id as source_record,
        spans.actor_key,
        spans.origin
    from spans
    inner join opportunities on spans.opportunity_key = opportunities.opportunity_key
)

select * from final
