-- One row a lead that is neither deleted nor merged away, with the steps it took to an opportunity
-- and what became of that.
with

leads as (
    select * from {{ ref('int_leads') }}
),

activities as (
    select * from {{ ref('fct_activity') }}
),

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- What a rep did to reach somebody: no to-do, no note, nothing planned, nothing that came in.
outbound as (
    select
        activities.lead_key,
        activities.contact_key,
        activities.occurred_at
    from activities
    cross join as_of
    where
        activities.channel in ('call', 'email', 'meeting')
        and coalesce(activities.direction, 'outbound') = 'outbound'
        and coalesce(activities.is_completed, true)
        and activities.occurred_at < as_of.as_of_at
),

-- Activities with a lead move to the contact that it becomes.
touches as (
    select
        leads.lead_key,
        outbound.occurred_at
    from leads
    inner join outbound on leads.lead_key = outbound.lead_key
    where outbound.occurred_at >= leads.created_at
    union all
    select
        leads.lead_key,
        outbound.occurred_at
    from leads
    inner join outbound on leads.contact_key = outbound.contact_key
    where outbound.occurred_at >= leads.created_at and leads.contact_id is not null
    union all
    select
        lead_key,
        stated_first_touch_at
    from leads
    where stated_first_touch_at is not null
),

first_touches as (
    select
        lead_key,
        min(occurred_at) as first_touch_at
    from touches
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
)

select * from final
