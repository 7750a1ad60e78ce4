-- One row a lead of any source that is neither deleted nor merged away, with the steps that it
-- reached: a lead that took a later step took those before it too, then at the latest.
with

staged as (
    {{ union_of(
        [
            'source_system', 'object_name', 'lead_id', 'status', 'lead_source', 'campaign_id',
            'owner_id', 'created_at', 'first_touch_at', 'mql_at', 'sql_at', 'converted_at',
            'opportunity_id', 'account_id', 'contact_id', 'email_hash', 'email_domain',
            'is_deleted', 'merged_into_id', 'last_seen_date',
        ],
        [
            {'rows': ref('stg_salesforce__leads'), 'lacking': {'object_name': "'lead'"}},
            {
                'rows': ref('stg_hubspot__leads'),
                'lacking': {'object_name': "'contact'", 'last_seen_date': 'last_batch_date'},
            },
            {'rows': ref('stg_mapped__leads'), 'lacking': {'object_name': "'leads'"}},
        ],
    ) }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

leads as (
    select *
    from (
        {{ still_there('staged', 'full_extracts') }}
    ) as standing
    where merged_into_id is null
),

-- HubSpot's steps are those of its recorded history already.
status_history as (
    {{ staged_lead_status_history() }}
),

mapped_statuses as (
    select * from {{ ref('stg_mapped__lead_statuses') }}
),

touches as (
    select * from {{ ref('int_campaign_touches') }}
    where lead_id is not null
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

first_touches as (
    select
        source_system,
        lead_id,
        campaign_id
    from (
        select
            *,
            row_number() over (
                partition by source_system, lead_id
                order by touched_at nulls last, campaign_id
            ) as place
        from touches
    ) as placed
    where place = 1
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
        coalesce(leads.campaign_id, first_touches.campaign_id) as first_campaign_id
    from leads
    left join meanings
        on leads.source_system = meanings.source_system and leads.status = meanings.status
    left join entries
        on leads.source_system = entries.source_system and leads.lead_id = entries.lead_id
    left join first_touches
        on
            leads.source_system = first_touches.source_system
            and leads.lead_id = first_touches.lead_id
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
        end as outcome
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
