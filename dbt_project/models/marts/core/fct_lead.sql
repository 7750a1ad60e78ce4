-- One row a lead that is neither deleted nor merged away, with the steps it took to an opportunity
-- and what became of that.
{{ config(
    materialized='incremental',
    unique_key='lead_key',
    meta={'recomputed': 'int_changed_lead_facts'},
) }}
{%- set changed = 'int_changed_lead_facts' %}
with

leads as (
    select * from {{ changed_rows(ref('int_leads'), changed, ['lead_key']) }}
),

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

episodes as (
    select * from {{ changed_rows(ref('int_lead_episodes'), changed, ['lead_key']) }}
),

first_touches as (
    select
        lead_key,
        min(first_touch_at) as first_touch_at
    from {{ changed_rows(ref('int_first_touches'), changed, ['lead_key']) }}
    group by lead_key
),

recycled as (
    select
        lead_key,
        count(*) as episode_count
    from episodes
    group by lead_key
),

final as (
    select
        leads.lead_key,
        leads.source_system,
        leads.lead_id,
        leads.lead_source,
        leads.campaign_key,
        leads.owner_key,
        leads.account_key,
        leads.contact_key,
        leads.email_hash,
        leads.email_domain,
        leads.status,
        leads.created_at,
        first_touches.first_touch_at,
        {{ days_between('leads.created_at', 'first_touches.first_touch_at') }} * 24
            as hours_to_first_touch,
        leads.mql_at,
        leads.sql_at,
        leads.converted_at,
        leads.is_mql,
        leads.is_sql,
        leads.is_mql_imputed,
        leads.is_sql_imputed,
        leads.is_converted,
        leads.outcome,
        coalesce(recycled.episode_count, 1) as episode_count,
        opportunities.opportunity_key,
        opportunities.outcome as opportunity_outcome,
        coalesce(opportunities.is_won, false) as is_won,
        case when opportunities.is_won then opportunities.closed_at end as won_at,
        -- A win before the lead is an error of the data and not a fast one.
        case
            when opportunities.is_won and opportunities.closed_at >= leads.created_at
                then {{ days_between('leads.created_at', 'opportunities.closed_at') }}
        end as days_to_win
    from leads
    left join opportunities on leads.opportunity_key = opportunities.opportunity_key
    left join first_touches on leads.lead_key = first_touches.lead_key
    left join recycled on leads.lead_key = recycled.lead_key
)

select * from final
