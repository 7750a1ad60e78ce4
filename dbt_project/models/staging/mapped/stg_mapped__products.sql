-- One row a product of any mapped source: the newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'product_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'products') }}
),

typed as (
    select
        _source as source_system,
        product_id,
        coalesce(product_name, product_id) as product_name,
        product_family,
        list_price,
        coalesce(is_active, true) as is_active,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
