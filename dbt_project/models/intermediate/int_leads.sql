-- One row a lead of any source that is neither deleted nor merged away, with the steps that it
-- reached: a lead that took a later step took those before it too, then at the latest.
{{ config(
    materialized='incremental',
    unique_key='lead_key',
    meta={'recomputed': 'int_changed_leads'},
) }}
with

all_staged as (
    {{ staged_leads() }}
),

staged as (
    select
        *,
        {{ row_hash(lead_columns()) }} as record_hash
    from all_staged
    {{ only_changed_records('int_changed_leads', id='lead_id') }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

leads as (
    {{ standing_leads('staged', 'full_extracts') }}
),

-- HubSpot's steps are those of its recorded history already.
all_status_history as (
    {{ staged_lead_status_history() }}
),

status_history as (
    select * from all_status_history
    {{ only_changed_records('int_changed_leads', id='lead_id') }}
),

mapped_statuses as (
    select * from {{ ref('stg_mapped__lead_statuses') }}
),

touches as (
    select * from {{ ref('int_campaign_touches') }}
    {{ only_changed_records('int_changed_leads', id='lead_id') }}
),

merged_opportunities as (
    select * from {{ ref('int_mergers') }}
    where object_name = 'opportunity'
),

merged_accounts as (
    select * from {{ ref('int_mergers') }}
    where object_name = 'account'
),

meanings as (
    {{ meanings_of_lead_statuses(['leads', 'status_history'], 'mapped_statuses') }}
),

entries as (
    select
        status_history.source_system,
        status_history.lead_id,
        min(case when meanings.meaning = 'mql' then status_history.changed_at end) as mql_at,
        min(case when meanings.meaning = 'sql' then status_history.changed_at end) as sql_at,
        min(case when meanings.meaning = 'converted' then status_history.changed_at end)
            as converted_at
    from status_history
    inner join meanings
        on
            status_history.source_system = meanings.source_system
            and status_history.status = meanings.status
    where meanings.meaning is not null
    group by status_history.source_system, status_history.lead_id
),

first_campaigns as (
    {{ first_campaigns('touches') }}
),

-- No step comes before the lead: of a day without a time the first instant may.
said as (
    select
        leads.*,
        meanings.meaning,
        {% for step in ['mql_at', 'sql_at', 'converted_at'] -%}
        case
            when coalesce(leads.{{ step }}, entries.{{ step }}) < leads.created_at
                then leads.created_at
            else coalesce(leads.{{ step }}, entries.{{ step }})
        end as said_{{ step }},
        {% endfor -%}
        coalesce(leads.campaign_id, first_campaigns.campaign_id) as first_campaign_id
    from leads
    left join meanings
        on leads.source_system = meanings.source_system and leads.status = meanings.status
    left join entries
        on leads.source_system = entries.source_system and leads.lead_id = entries.lead_id
    left join first_campaigns
        on
            leads.source_system = first_campaigns.source_system
            and leads.lead_id = first_campaigns.lead_id
),

reached as (
    select
        *,
        opportunity_id is not null
        or said_converted_at is not null
        or coalesce(meaning = 'converted', false) as is_converted,
        said_sql_at is not null or coalesce(meaning = 'sql', false) as was_sql,
        said_mql_at is not null or coalesce(meaning = 'mql', false) as was_mql,
        coalesce(meaning = 'disqualified', false) as is_disqualified
    from said
),

final as (
    select
        {{ key_of('reached.source_system', 'reached.lead_id') }} as lead_key,
        reached.source_system,
        reached.lead_id,
        reached.contact_id,
        reached.opportunity_id,
        coalesce(reached.lead_source, 'unknown') as lead_source,
        {{ key_of('reached.source_system', 'reached.first_campaign_id') }} as campaign_key,
        {{ key_of('reached.source_system', 'reached.owner_id') }} as owner_key,
        coalesce(
            merged_accounts.final_survivor_key,
            {{ key_of('reached.source_system', 'reached.account_id') }}
        ) as account_key,
        {{ key_of('reached.source_system', 'reached.contact_id') }} as contact_key,
        reached.email_hash,
        reached.email_domain,
        case
            when reached.opportunity_id is not null
                then coalesce(
                    merged_opportunities.final_survivor_key,
                    {{ key_of('reached.source_system', 'reached.opportunity_id') }}
                )
        end as opportunity_key,
        reached.status,
        reached.meaning as status_meaning,
        reached.created_at,
        case when reached.first_touch_at >= reached.created_at then reached.first_touch_at end
            as stated_first_touch_at,
        least(
            coalesce(reached.said_mql_at, reached.said_sql_at, reached.said_converted_at),
            coalesce(reached.said_sql_at, reached.said_converted_at, reached.said_mql_at),
            coalesce(reached.said_converted_at, reached.said_sql_at, reached.said_mql_at)
        ) as mql_at,
        least(
            coalesce(reached.said_sql_at, reached.said_converted_at),
            coalesce(reached.said_converted_at, reached.said_sql_at)
        ) as sql_at,
        reached.said_converted_at as converted_at,
        reached.was_mql or reached.was_sql or reached.is_converted as is_mql,
        reached.was_sql or reached.is_converted as is_sql,
        (reached.was_sql or reached.is_converted) and not reached.was_mql as is_mql_imputed,
        reached.is_converted and not reached.was_sql as is_sql_imputed,
        reached.is_converted,
        case
            when reached.is_converted then 'converted'
            when reached.is_disqualified then 'disqualified'
            else 'open'
        end as outcome,
        reached.record_hash
    from reached
    left join merged_opportunities
        on
            {{ key_of('reached.source_system', 'reached.opportunity_id') }}
            = merged_opportunities.merged_key
    left join merged_accounts
        on
            {{ key_of('reached.source_system', 'reached.account_id') }}
            = merged_accounts.merged_key
)

select * from final
