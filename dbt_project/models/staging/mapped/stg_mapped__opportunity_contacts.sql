-- One row a contact's part in an opportunity of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(
        source('mapped', 'opportunity_contacts'), ['_source', 'opportunity_id', 'contact_id']
    ) }}
),

final as (
    select
        _source as source_system,
        opportunity_id,
        contact_id,
        role,
        coalesce(is_primary, false) as is_primary,
        created_at,
        _batch_date as last_batch_date
    from versions
)

select * from final
