-- One row a product of any mapped source: the newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'products'), ['_source', 'product_id']) }}
),

final as (
    select
        _source as source_system,
        product_id,
        coalesce(product_name, product_id) as product_name,
        product_family,
        list_price,
        coalesce(is_active, true) as is_active
    from versions
)

select * from final
