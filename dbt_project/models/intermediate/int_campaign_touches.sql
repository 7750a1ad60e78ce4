-- One row a lead's or contact's part in a campaign that is there today, and when the campaign
-- touched them; where a source knows of more than one touch, one row each.
with

staged as (
    {{ union_of(
        [
            'source_system', 'object_name', 'campaign_id', 'lead_id', 'contact_id',
            'has_responded', 'responded_at', 'created_at', 'is_deleted', 'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__campaign_members'),
                'lacking': {'object_name': "'campaign_member'"},
            },
            {
                'rows': ref('stg_hubspot__campaign_members'),
                'lacking': {
                    'object_name': "'campaign_contact'",
                    'is_deleted': 'false',
                    'last_seen_date': 'cast(null as date)',
                },
            },
            {
                'rows': ref('stg_mapped__campaign_members'),
                'lacking': {'object_name': "'campaign_members'", 'is_deleted': 'false'},
            },
        ],
    ) }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

members as (
    {{ still_there('staged', 'full_extracts') }}
),

final as (
    select
        {{ key_of('source_system', 'campaign_id') }} as campaign_key,
        source_system,
        campaign_id,
        lead_id,
        contact_id,
        {% if var('campaign_touches') == 'responded' -%}
        coalesce(responded_at, created_at) as touched_at
        {%- else -%}
        coalesce(created_at, responded_at) as touched_at
        {%- endif %}
    from members
    {%- if var('campaign_touches') == 'responded' %}
    where has_responded
    {%- endif %}
)

select * from final
