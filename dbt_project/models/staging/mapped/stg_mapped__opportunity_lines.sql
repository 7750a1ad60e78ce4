-- One row a product line of an opportunity of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'line_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'opportunity_lines') }}
),

typed as (
    select
        _source as source_system,
        line_id,
        opportunity_id,
        product_id,
        quantity,
        unit_price,
        amount,
        service_date,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
