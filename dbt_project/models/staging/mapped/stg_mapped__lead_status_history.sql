-- One row a lead's entry into a status, of any mapped source. A row without an instant is no event.
with

versions as (
    {{ newest_versions(
        source('mapped', 'lead_status_history'),
        ['_source', 'lead_id', 'status', 'changed_at', 'sequence'],
    ) }}
),

final as (
    select
        _source as source_system,
        lead_id,
        status,
        changed_at,
        sequence,
        _batch_date as last_batch_date
    from versions
    where changed_at is not null
)

select * from final
