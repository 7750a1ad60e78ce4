{#-
    Calls, e-mails, meetings, tasks and notes: the columns that every family of sources is put into,
    with what they belong to and who else takes part, and which of them reach out to somebody. Macros
    with a relation are bodies of CTEs.
-#}

{#- The newest record of every activity, over all families of sources, deleted ones included. -#}
{% macro staged_activities() -%}
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
{%- endmacro %}

{#-
    Every part that a record has in an activity, over all families of sources, deleted ones included:
    the records that the activity itself names, and those beside them. A mapped activity names one of
    a kind and has no others. Who declined an invitation was not there.
-#}
{% macro staged_participants() -%}
    {{ union_of(
        [
            'source_system', 'object_name', 'activity_id', 'opportunity_id', 'account_id',
            'contact_id', 'lead_id', 'is_deleted', 'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__activity_participants'),
                'lacking': {
                    'is_deleted': "is_deleted or coalesce(response = 'Declined', false)",
                },
            },
            {
                'rows': ref('stg_hubspot__activity_participants'),
                'lacking': {
                    'object_name': "'engagement_association'",
                    'is_deleted': 'false',
                    'last_seen_date': 'last_batch_date',
                },
            },
        ],
    ) }}
{%- endmacro %}

{#- The columns of `fct_activity`. -#}
{% macro activity_columns() -%}
    {{ return([
        'activity_key', 'source_system', 'activity_id', 'opportunity_key', 'lead_key', 'account_key',
        'contact_key', 'owner_key', 'occurred_at', 'channel', 'direction', 'duration_minutes',
        'is_completed',
    ]) }}
{%- endmacro %}

{#- Activities with keys of what they are about, after mergers: rows of `fct_activity`. -#}
{% macro keyed_activities(activities, mergers) -%}
    select
        {{ key_of('activities.source_system', 'activities.activity_id') }} as activity_key,
        activities.source_system,
        activities.activity_id,
        case
            when activities.opportunity_id is not null
                then coalesce(
                    merged_opportunities.final_survivor_key,
                    {{ key_of('activities.source_system', 'activities.opportunity_id') }}
                )
        end as opportunity_key,
        case
            when activities.lead_id is not null
                then {{ key_of('activities.source_system', 'activities.lead_id') }}
        end as lead_key,
        coalesce(
            merged_accounts.final_survivor_key,
            {{ key_of('activities.source_system', 'activities.account_id') }}
        ) as account_key,
        {{ key_of('activities.source_system', 'activities.contact_id') }} as contact_key,
        {{ key_of('activities.source_system', 'activities.owner_id') }} as owner_key,
        activities.occurred_at,
        activities.channel,
        activities.direction,
        cast(activities.duration_minutes as double) as duration_minutes,
        activities.is_completed
    from {{ activities }} as activities
    left join {{ mergers }} as merged_opportunities
        on
            merged_opportunities.object_name = 'opportunity'
            and {{ key_of('activities.source_system', 'activities.opportunity_id') }}
            = merged_opportunities.merged_key
    left join {{ mergers }} as merged_accounts
        on
            merged_accounts.object_name = 'account'
            and {{ key_of('activities.source_system', 'activities.account_id') }}
            = merged_accounts.merged_key
{%- endmacro %}

{#-
    Participants of keyed activities beyond the record of each kind that the activity names, with
    their keys after mergers: rows of `int_activity_participants`.
-#}
{% macro keyed_participants(participants, activities, mergers) -%}
    {%- for kind in participant_kinds() %}
    {%- set key = key_of('participants.source_system', 'participants.' ~ kind ~ '_id') %}
    {%- set is_mergeable = kind in ['opportunity', 'account'] %}
    select distinct
        activities.activity_key,
        activities.source_system,
        activities.activity_id,
        '{{ kind }}' as record_kind,
        {{ 'coalesce(merged.final_survivor_key, ' ~ key ~ ')' if is_mergeable else key }}
            as record_key
    from {{ participants }} as participants
    inner join {{ activities }} as activities
        on
            participants.source_system = activities.source_system
            and participants.activity_id = activities.activity_id
    {%- if is_mergeable %}
    left join {{ mergers }} as merged
        on merged.object_name = '{{ kind }}' and {{ key }} = merged.merged_key
    {%- endif %}
    where
        participants.{{ kind }}_id is not null
        and {{ 'coalesce(merged.final_survivor_key, ' ~ key ~ ')' if is_mergeable else key }}
        is distinct from activities.{{ kind }}_key
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- What may have a part in an activity. -#}
{% macro participant_kinds() -%}
    {{ return(['opportunity', 'account', 'contact', 'lead']) }}
{%- endmacro %}

{#-
    One row an activity × lead or contact that it is about, main ones and others alike, with what
    tells whether it is a touch. Something to be read from.
-#}
{% macro people_of_activities(activities, participants) -%}
    (
        select
            source_system,
            lead_id,
            contact_id,
            occurred_at,
            channel,
            direction,
            is_completed
        from {{ activities }} as activities
        union all
        select
            activities.source_system,
            participants.lead_id,
            participants.contact_id,
            activities.occurred_at,
            activities.channel,
            activities.direction,
            activities.is_completed
        from {{ participants }} as participants
        inner join {{ activities }} as activities
            on
                participants.source_system = activities.source_system
                and participants.activity_id = activities.activity_id
        where participants.lead_id is not null or participants.contact_id is not null
    )
{%- endmacro %}

{#-
    Whether an activity reached out to somebody, up to an instant: no to-do, no note, nothing
    planned, nothing that came in.
-#}
{% macro is_touch(activities, as_of_at) -%}
    {{ activities }}.channel in ('call', 'email', 'meeting')
    and coalesce({{ activities }}.direction, 'outbound') = 'outbound'
    and coalesce({{ activities }}.is_completed, true)
    and {{ activities }}.occurred_at < {{ as_of_at }}
{%- endmacro %}
