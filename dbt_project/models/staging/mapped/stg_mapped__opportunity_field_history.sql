-- One row a change of one field of an opportunity, of any mapped source. A row without an instant
-- is no event.
with

versions as (
    {{ newest_versions(
        source('mapped', 'opportunity_field_history'),
        ['_source', 'opportunity_id', 'field', 'changed_at', 'sequence'],
    ) }}
),

final as (
    select
        _source as source_system,
        history_id,
        opportunity_id,
        field,
        old_value,
        new_value,
        changed_at,
        sequence,
        actor_id,
        _batch_date as last_batch_date
    from versions
    where changed_at is not null
)

select * from final
