-- One row a contact's entry into a lifecycle stage; what pages repeat counts once.
with

versions as (
    select * from {{ ref('base_hubspot__contact_property_history') }}
),

final as (
    select
        'hubspot' as source_system,
        id as lead_id,
        value as status,
        changed_at,
        dense_rank() over (partition by id order by changed_at) as sequence,
        batch_date as last_batch_date
    from versions
    where value is not null
)

select * from final
