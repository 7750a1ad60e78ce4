-- One row a product of any source.
with

final as (
    select * from {{ ref('stg_mapped__products') }}
)

select * from final
