-- One row a product of the library: its newest version, archived ones included.
{{ config(materialized='ephemeral') }}
with

versions as (
    {{ newest_versions(source('hubspot', 'product'), ['id'], 'hs_lastmodifieddate') }}
),

final as (
    select
        'hubspot' as source_system,
        id as product_id,
        coalesce(name, hs_sku, id) as product_name,
        hs_product_type as product_family,
        price as list_price,
        not coalesce(archived, false) as is_active
    from versions
)

select * from final
