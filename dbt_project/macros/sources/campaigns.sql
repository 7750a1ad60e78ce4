{#-
    Parts in campaigns: the columns that every family of sources is put into, and when a part touched
    somebody. Each macro with a relation is the body of a CTE.
-#}

{#-
    The newest record of every part in a campaign, over all families of sources, deleted ones
    included. A source that does not number them tells them apart by what they are parts of
    (`member_key`).
-#}
{% macro staged_campaign_members() -%}
    {%- set parts -%}
        coalesce(campaign_id, '') || ':' || coalesce(lead_id, '') || ':' || coalesce(contact_id, '')
    {%- endset -%}
    {{ union_of(
        [
            'source_system', 'object_name', 'member_key', 'campaign_id', 'lead_id', 'contact_id',
            'has_responded', 'responded_at', 'created_at', 'is_deleted', 'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__campaign_members'),
                'lacking': {'object_name': "'campaign_member'", 'member_key': 'record_id'},
            },
            {
                'rows': ref('stg_hubspot__campaign_members'),
                'lacking': {
                    'object_name': "'campaign_contact'",
                    'member_key': parts,
                    'is_deleted': 'false',
                    'last_seen_date': 'cast(null as date)',
                },
            },
            {
                'rows': ref('stg_mapped__campaign_members'),
                'lacking': {
                    'object_name': "'campaign_members'",
                    'member_key': parts,
                    'is_deleted': 'false',
                },
            },
        ],
    ) }}
{%- endmacro %}

{#- When a campaign touched whom, of parts that are there today. -#}
{% macro touches_of_members(members) -%}
    select
        member_key,
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
    from {{ members }}
    {%- if var('campaign_touches') == 'responded' %}
    where has_responded
    {%- endif %}
{%- endmacro %}

{#- One row a lead that campaigns touched: the first of them, or, without an instant, any. -#}
{% macro first_campaigns(touches) -%}
    select
        source_system,
        lead_id,
        campaign_id
    from (
        select
            source_system,
            lead_id,
            campaign_id,
            row_number() over (
                partition by source_system, lead_id
                order by touched_at nulls last, campaign_id
            ) as place
        from {{ touches }}
        where lead_id is not null
    ) as placed
    where place = 1
{%- endmacro %}
