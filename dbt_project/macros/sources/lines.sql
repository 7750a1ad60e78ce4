{#- Product lines of opportunities: the columns that every family of sources is put into. -#}

{#- The newest record of every line, over all families of sources, deleted ones included. -#}
{% macro staged_opportunity_lines() -%}
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
{%- endmacro %}
