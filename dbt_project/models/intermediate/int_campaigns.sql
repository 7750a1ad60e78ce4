-- One row a campaign of any source, deleted ones included.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ union_of(
        [
            'source_system', 'campaign_id', 'campaign_name', 'campaign_type', 'status',
            'start_date', 'end_date', 'parent_id', 'budgeted_cost', 'actual_cost', 'is_deleted',
        ],
        [
            ref('stg_salesforce__campaigns'),
            ref('stg_hubspot__campaigns'),
            {'rows': ref('stg_mapped__campaigns'), 'lacking': {'is_deleted': 'false'}},
        ],
    ) }}
)

select * from final
