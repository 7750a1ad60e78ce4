-- One row a product of any source.
with

final as (
    select
        source_system,
        product_id,
        product_name,
        product_family,
        list_price,
        is_active
    from {{ ref('stg_mapped__products') }}
)

select * from final
