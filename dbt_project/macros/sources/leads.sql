{#-
    Leads: the columns that every family of sources is put into, what their statuses mean where a
    source does not say so itself, and who reached out to them. Each macro with a relation is the body
    of a CTE.
-#}

{#- What a source says of a lead, but for who it is: a hash of that would outlive its being forgotten. -#}
{% macro lead_columns() -%}
    {{ return([
        'source_system', 'lead_id', 'status', 'lead_source', 'campaign_id', 'owner_id',
        'created_at', 'first_touch_at', 'mql_at', 'sql_at', 'converted_at', 'opportunity_id',
        'account_id', 'contact_id', 'is_deleted', 'merged_into_id',
    ]) }}
{%- endmacro %}

{#- The newest record of every lead, over all families of sources. -#}
{% macro staged_leads() -%}
    {{ union_of(
        lead_columns() + ['email_hash', 'email_domain', 'object_name', 'last_seen_date'],
        [
            {'rows': ref('stg_salesforce__leads'), 'lacking': {'object_name': "'lead'"}},
            {
                'rows': ref('stg_hubspot__leads'),
                'lacking': {'object_name': "'contact'", 'last_seen_date': 'last_batch_date'},
            },
            {'rows': ref('stg_mapped__leads'), 'lacking': {'object_name': "'leads'"}},
        ],
    ) }}
{%- endmacro %}

{#- Of staged leads those that are there today: neither deleted, merged away nor missing. -#}
{% macro standing_leads(staged, full_extracts) -%}
    select *
    from (
        {{ still_there(staged, full_extracts) }}
    ) as standing
    where merged_into_id is null
{%- endmacro %}

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
        ['source_system', 'lead_id', 'status', 'previous_status', 'changed_at'],
        [
            ref('stg_salesforce__lead_status_history'),
            {
                'rows': ref('stg_mapped__lead_status_history'),
                'lacking': {'previous_status': 'cast(null as varchar)'},
            },
        ],
    ) }}
{%- endmacro %}

{#-
    The same of some leads, and the status in which each was created. Salesforce records changes
    alone: a lead was created as what it was before the first of them.
-#}
{% macro entries_into_statuses(status_history, leads) -%}
    select
        source_system,
        lead_id,
        status,
        changed_at,
        false as is_creation
    from {{ status_history }}
    union all
    select
        leads.source_system,
        leads.lead_id,
        first_changes.previous_status,
        leads.created_at,
        true
    from (
        select
            *,
            row_number() over (
                partition by source_system, lead_id order by changed_at, status
            ) as place
        from {{ status_history }}
    ) as first_changes
    inner join {{ leads }} as leads
        on
            first_changes.source_system = leads.source_system
            and first_changes.lead_id = leads.lead_id
    where
        first_changes.place = 1
        and first_changes.previous_status is not null
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
    Whether an instant, of which perhaps only the day is known, is one at which there was the lead. If
    so it came at the earliest with the lead.
-#}
{% macro is_since_creation(instant, created_at) -%}
    (
        {{ instant }} >= {{ created_at }}
        or {{ instant }} = {{ start_of_day(business_date(created_at)) }}
    )
{%- endmacro %}

{#-
    One row a lead × instant at which somebody reached out to it, among others or alone
    (`people_of_activities`). Activities with a lead move to the contact that it becomes. What a
    source itself calls the first touch is one, too.
-#}
{% macro touches_of_leads(leads, people, as_of) -%}
    {%- set reached_out -%}
        (
            select
                people.source_system,
                people.lead_id,
                people.contact_id,
                people.occurred_at
            from {{ people }} as people
            cross join {{ as_of }} as as_of
            where {{ is_touch('people', 'as_of.as_of_at') }}
        ) as touches
    {%- endset -%}
    {%- for whom in ['lead_id', 'contact_id'] %}
    select
        leads.lead_key,
        greatest(touches.occurred_at, leads.created_at) as occurred_at
    from {{ leads }} as leads
    inner join {{ reached_out }}
        on
            leads.source_system = touches.source_system
            and leads.{{ whom }} = touches.{{ whom }}
    where {{ is_since_creation('touches.occurred_at', 'leads.created_at') }}
    union all
    {%- endfor %}
    select
        lead_key,
        stated_first_touch_at
    from {{ leads }}
    where stated_first_touch_at is not null
{%- endmacro %}
