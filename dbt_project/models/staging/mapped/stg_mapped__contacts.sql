-- One row a contact of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'contacts'), ['_source', 'contact_id'], 'modified_at') }}
),

final as (
    select
        _source as source_system,
        contact_id,
        account_id,
        full_name,
        email,
        phone,
        title,
        owner_id,
        lead_source,
        created_at,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at,
        _batch_date as last_batch_date
    from versions
)

select * from final
