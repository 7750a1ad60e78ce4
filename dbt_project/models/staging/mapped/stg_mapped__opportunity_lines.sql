-- One row a product line of an opportunity of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'opportunity_lines'), ['_source', 'line_id']) }}
),

final as (
    select
        _source as source_system,
        line_id,
        opportunity_id,
        product_id,
        quantity,
        unit_price,
        amount,
        service_date,
        _batch_date as last_batch_date
    from versions
)

select * from final
