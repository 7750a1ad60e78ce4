-- One row a product line of an opportunity of any source that is there today.
{{ config(materialized='ephemeral') }}
with

staged as (
    {{ union_of(
        [
            'source_system', 'object_name', 'line_id', 'opportunity_id', 'product_id', 'quantity',
            'unit_price', 'amount', 'service_date', 'is_deleted', 'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__opportunity_lines'),
                'lacking': {
                    'object_name': "'opportunity_line_item'",
                    'last_seen_date': 'last_batch_date',
                },
            },
            {
                'rows': ref('stg_hubspot__opportunity_lines'),
                'lacking': {'object_name': "'line_item'", 'last_seen_date': 'last_batch_date'},
            },
            {
                'rows': ref('stg_mapped__opportunity_lines'),
                'lacking': {'object_name': "'opportunity_lines'", 'is_deleted': 'false'},
            },
        ],
    ) }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

final as (
    {{ still_there('staged', 'full_extracts') }}
)

select * from final
