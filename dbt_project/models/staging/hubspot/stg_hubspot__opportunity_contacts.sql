-- One row a contact's part in a deal, as associations of deals or columns of an export say.
with

deals as (
    {{ newest_versions(source('hubspot', 'deal'), ['id'], 'hs_lastmodifieddate') }}
),

associations as (
    {{ hubspot_associations('deals', 'deal_association', ['deal']) }}
),

exported as (
    {{ split_list('deals', ['id', '_batch_date'], 'contact_ids', 'contact_id') }}
),

pairs as (
    select
        from_id as opportunity_id,
        to_id as contact_id,
        label as role,
        _batch_date
    from associations
    where to_object = 'contacts'
    union all
    select
        id,
        contact_id,
        cast(null as varchar),
        _batch_date
    from exported
),

final as (
    select
        'hubspot' as source_system,
        opportunity_id,
        contact_id,
        max(role) as role,
        false as is_primary,
        cast(null as timestamp) as created_at,
        max(_batch_date) as last_batch_date
    from pairs
    group by opportunity_id, contact_id
)

select * from final
