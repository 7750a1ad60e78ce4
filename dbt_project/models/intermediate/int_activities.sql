-- One row a call, e-mail, meeting, task or note of any source that is not deleted.
{{ config(materialized='ephemeral') }}
with

staged as (
    {{ union_of(
        [
            'source_system', 'object_name', 'activity_id', 'opportunity_id', 'account_id',
            'contact_id', 'lead_id', 'owner_id', 'channel', 'direction', 'occurred_at',
            'duration_minutes', 'is_completed', 'is_deleted', 'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__activities'),
                'lacking': {
                    'object_name': "case when channel = 'meeting' then 'event' else 'task' end",
                },
            },
            {
                'rows': ref('stg_hubspot__activities'),
                'lacking': {'object_name': 'channel', 'last_seen_date': 'last_batch_date'},
            },
            {
                'rows': ref('stg_mapped__activities'),
                'lacking': {'object_name': "'activities'", 'is_deleted': 'false'},
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
