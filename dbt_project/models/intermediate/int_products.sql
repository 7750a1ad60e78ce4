-- One row a product of any source.
with

final as (
    {{ union_of(
        [
            'source_system', 'product_id', 'product_name', 'product_family', 'list_price',
            'is_active',
        ],
        [
            ref('stg_salesforce__products'),
            ref('stg_hubspot__products'),
            ref('stg_mapped__products'),
        ],
    ) }}
)

select * from final
