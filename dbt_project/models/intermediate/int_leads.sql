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

told as (
    {{ entries_into_statuses('status_history', 'leads') }}
),

meanings as (
    {{ meanings_of_lead_statuses(['leads', 'told'], 'mapped_statuses') }}
),

entries as (
    select
        told.source_system,
        told.lead_id,
        min(case when meanings.meaning = 'mql' then told.changed_at end) as mql_at,
        min(case when meanings.meaning = 'sql' then told.changed_at end) as sql_at,
        min(case when meanings.meaning = 'converted' then told.changed_at end) as converted_at
    from told
    inner join meanings
        on told.source_system = meanings.source_system and told.status = meanings.status
    where meanings.meaning is not null
    group by told.source_system, told.lead_id
),

-- A lead changes no more once it is converted: where the day alone is known, the last change of
-- that day comes next to the conversion.
conversions as (
    select
        told.source_system,
        told.lead_id,
        max(told.changed_at) as converted_at
    from told
    inner join leads
        on told.source_system = leads.source_system and told.lead_id = leads.lead_id
    where
        leads.converted_at = {{ start_of_day(business_date('leads.converted_at')) }}
        and {{ business_date('told.changed_at') }} = {{ business_date('leads.converted_at') }}
    group by told.source_system, told.lead_id
),

first_campaigns as (
    {{ first_campaigns('touches') }}
),

-- No step comes before the lead: of a day without a time the first instant may.
said as (
    select
        leads.*,
        meanings.meaning,
        {% for step, said_at in {
            'mql_at': 'coalesce(leads.mql_at, entries.mql_at)',
            'sql_at': 'coalesce(leads.sql_at, entries.sql_at)',
            'converted_at':
                'coalesce(conversions.converted_at, leads.converted_at, entries.converted_at)',
        }.items() -%}
        case when {{ said_at }} < leads.created_at then leads.created_at else {{ said_at }} end
            as said_{{ step }},
        {% endfor -%}
        coalesce(leads.campaign_id, first_campaigns.campaign_id) as first_campaign_id
    from leads
    left join meanings
        on leads.source_system = meanings.source_system and leads.status = meanings.status
    left join entries
        on leads.source_system = entries.source_system and leads.lead_id = entries.lead_id
    left join conversions
        on leads.source_system = conversions.source_system and leads.lead_id = conversions.lead_id
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
        case
            when {{ is_since_creation('reached.first_touch_at', 'reached.created_at') }}
                then greatest(reached.first_touch_at, reached.created_at)
        end as stated_first_touch_at,
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
