-- One row an activity that this night has to compute anew × what is said of it, until now and from
-- now on; none in a build of everything.
--
-- A load names it or a part in it, or lacks one of them, or what it is about was merged otherwise.
-- Only rows that differ count: a full extract names everything.
-- depends_on: {{ ref('stg_flywheel__full_extracts') }}
-- depends_on: {{ ref('int_mergers') }}
{#- Each reads few rows of it: a CTE that several read would be kept whole. -#}
{%- set staged -%}
    (
        {{ staged_activities() }}
    )
{%- endset %}
{%- set parts -%}
    (
        {{ staged_participants() }}
    )
{%- endset %}
with

{% if is_later_night() -%}
{%- set before = before_this_night('marts', 'fct_activity') -%}
{%- set participants_before = before_this_night('intermediate', 'int_activity_participants') -%}
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

merged_otherwise as (
    {{ changed_mergers('mergers') }}
),

concerned as (
    {{ records_of_new_loads(staged, 'full_extracts', 'activity_id') }}
    union
    {{ hubspot_records(before, 'activity_id') }}
    union
    {{ records_of_new_loads(parts, 'full_extracts', 'activity_id') }}
    {%- for relation in [staged, parts] %}
    {%- for what in ['opportunity_id', 'account_id'] %}
    union
    select
        staged.source_system,
        staged.activity_id
    from {{ relation }} as staged
    inner join merged_otherwise
        on {{ key_of('staged.source_system', 'staged.' ~ what) }} = merged_otherwise.merged_key
    {%- endfor %}
    {%- endfor %}
),

staged as (
    select staged.*
    from {{ staged }} as staged
    inner join concerned
        on
            staged.source_system = concerned.source_system
            and staged.activity_id = concerned.activity_id
),

standing as (
    {{ still_there('staged', 'full_extracts') }}
),

keyed as (
    {{ keyed_activities('standing', 'mergers') }}
),

from_now_on as (
    select
        *,
        {{ row_hash(activity_columns()) }} as record_hash
    from keyed
),

until_now as (
    select
        *,
        {{ row_hash(activity_columns()) }} as record_hash
    from {{ rows_with_key_in(before, 'concerned', ['source_system', 'activity_id']) }}
),

staged_participants as (
    select staged.*
    from {{ parts }} as staged
    inner join concerned
        on
            staged.source_system = concerned.source_system
            and staged.activity_id = concerned.activity_id
),

standing_participants as (
    {{ still_there('staged_participants', 'full_extracts') }}
),

participants_from_now_on as (
    {{ keyed_participants('standing_participants', 'keyed', 'mergers') }}
),

participants_until_now as (
    select *
    from {{ rows_with_key_in(participants_before, 'concerned', ['source_system', 'activity_id']) }}
),

changed_participants as (
    {{ difference_of(
        'participants_from_now_on',
        'participants_until_now',
        ['activity_key', 'source_system', 'activity_id', 'record_kind', 'record_key'],
    ) }}
),

changed_activities as (
    {{ difference_of(
        'from_now_on',
        'until_now',
        ['activity_key', 'source_system', 'activity_id', 'lead_key', 'contact_key', 'record_hash'],
    ) }}
),

-- Whoever takes part besides is touched by whatever changes of the activity.
final as (
    select
        activity_key,
        source_system,
        activity_id,
        lead_key,
        contact_key
    from changed_activities
    union all
    select
        participants.activity_key,
        participants.source_system,
        participants.activity_id,
        case when participants.record_kind = 'lead' then participants.record_key end as lead_key,
        case when participants.record_kind = 'contact' then participants.record_key end
            as contact_key
    from (
        select * from changed_participants
        union all
        select participants.*
        from (
            select * from participants_from_now_on
            union
            select * from participants_until_now
        ) as participants
        where activity_key in (select activity_key from changed_activities)
    ) as participants
)
{%- else -%}
final as (
    select
        {{ key_of('source_system', 'activity_id') }} as activity_key,
        source_system,
        activity_id
    from {{ staged }} as staged
    where false
)
{%- endif %}

select * from final
