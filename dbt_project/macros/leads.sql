{#-
    What statuses of leads mean, where a lead's source does not say so itself, and what a rep does to
    reach a lead. Each macro with a relation is the body of a CTE.
-#}

{#- HubSpot's lifecycle stages, by name or, as exports have them, by label. -#}
{% macro meaning_of_lifecycle_stage(stage) -%}
    case lower(replace({{ stage }}, ' ', ''))
        when 'marketingqualifiedlead' then 'mql'
        when 'salesqualifiedlead' then 'sql'
        when 'opportunity' then 'converted'
        when 'customer' then 'converted'
        when 'evangelist' then 'converted'
    end
{%- endmacro %}

{#- Any other status, by the words of the company (company.yml). -#}
{% macro meaning_of_lead_status(status) -%}
    case
        {%- for meaning in ['mql', 'sql', 'disqualified'] %}
        {%- for said in var(meaning ~ '_lead_statuses') %}
        when lower({{ status }}) = '{{ said | lower | replace("'", "''") }}' then '{{ meaning }}'
        {%- endfor %}
        {%- endfor %}
    end
{%- endmacro %}

{#- Every entry of a lead into a status, of the sources whose statuses mean what somebody says. -#}
{% macro staged_lead_status_history() -%}
    {{ union_of(
        ['source_system', 'lead_id', 'status', 'changed_at'],
        [
            '(select * from ' ~ ref('stg_salesforce__lead_status_history')
            ~ ' where not is_deleted) as tracked',
            ref('stg_mapped__lead_status_history'),
        ],
    ) }}
{%- endmacro %}

{#-
    The meaning of each status that some relations name: `mql`, `sql`, `converted`, `disqualified` or
    NULL. A source that says what its statuses mean (`mapped_statuses`) says it of all of them.
-#}
{% macro meanings_of_lead_statuses(relations, mapped_statuses) -%}
    select
        said.source_system,
        said.status,
        case
            when said.source_system = 'hubspot' then {{ meaning_of_lifecycle_stage('said.status') }}
            when speaking.source_system is not null then mapped.meaning
            else {{ meaning_of_lead_status('said.status') }}
        end as meaning
    from (
        {%- for relation in relations %}
        select distinct
            source_system,
            status
        from {{ relation }}
        where status is not null
        {{ 'union' if not loop.last }}
        {%- endfor %}
    ) as said
    left join (select distinct source_system from {{ mapped_statuses }}) as speaking
        on said.source_system = speaking.source_system
    left join {{ mapped_statuses }} as mapped
        on said.source_system = mapped.source_system and said.status = mapped.status
{%- endmacro %}

{#-
    One row a lead × instant at which a rep did something to reach somebody: no to-do, no note,
    nothing planned, nothing that came in. Activities with a lead move to the contact that it becomes.
    What a source itself calls the first touch is one, too.
-#}
{% macro touches_of_leads(leads, activities, as_of) -%}
    {%- set outbound -%}
        (
            select
                activities.lead_key,
                activities.contact_key,
                activities.occurred_at
            from {{ activities }} as activities
            cross join {{ as_of }} as as_of
            where
                activities.channel in ('call', 'email', 'meeting')
                and coalesce(activities.direction, 'outbound') = 'outbound'
                and coalesce(activities.is_completed, true)
                and activities.occurred_at < as_of.as_of_at
        ) as outbound
    {%- endset -%}
    select
        leads.lead_key,
        outbound.occurred_at
    from {{ leads }} as leads
    inner join {{ outbound }} on leads.lead_key = outbound.lead_key
    where outbound.occurred_at >= leads.created_at
    union all
    select
        leads.lead_key,
        outbound.occurred_at
    from {{ leads }} as leads
    inner join {{ outbound }} on leads.contact_key = outbound.contact_key
    where outbound.occurred_at >= leads.created_at and leads.contact_id is not null
    union all
    select
        lead_key,
        stated_first_touch_at
    from {{ leads }}
    where stated_first_touch_at is not null
{%- endmacro %}
