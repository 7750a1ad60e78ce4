-- One row a lead that this night has to compute anew; none in a build of everything.
--
-- Its record differs, is there no longer or is there again; its status has a new entry or means
-- something else; campaigns touch it otherwise; what it became was merged otherwise; somebody reached
-- out to it, or is known to have done so since the day has come.
{#- Each reads few rows of it: a CTE that several read would be kept whole. -#}
{%- set staged -%}
    (
        {{ staged_leads() }}
    )
{%- endset %}
with

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

status_history as (
    {{ union_of(
        ['source_system', 'lead_id', 'batch_date'],
        [ref('stg_salesforce__lead_status_history'), ref('stg_mapped__lead_status_history')],
    ) }}
),

mapped_statuses as (
    select * from {{ ref('stg_mapped__lead_statuses') }}
),

changed_members as (
    select * from {{ ref('int_changed_campaign_members') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

changed_activities as (
    select * from {{ ref('int_changed_activities') }}
),

staged_activities as (
    {{ staged_activities() }}
),

staged_participants as (
    {{ staged_participants() }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_later_night() -%}
{%- set before = before_this_night('intermediate', 'int_leads') -%}
concerned as (
    {{ records_of_new_loads(staged, 'full_extracts', 'lead_id') }}
    union
    {{ hubspot_records(before, 'lead_id') }}
),

staged as (
    select staged.*
    from {{ staged }} as staged
    inner join concerned
        on
            staged.source_system = concerned.source_system
            and staged.lead_id = concerned.lead_id
),

standing as (
    {{ standing_leads('staged', 'full_extracts') }}
),

from_now_on as (
    select
        source_system,
        lead_id,
        email_hash,
        email_domain,
        {{ row_hash(lead_columns()) }} as record_hash
    from standing
),

until_now as (
    select
        source_system,
        lead_id,
        email_hash,
        email_domain,
        record_hash
    from {{ rows_with_key_in(before, 'concerned', ['source_system', 'lead_id']) }}
),

-- Sources whose statuses mean something else: every lead of theirs may.
changed_sources as (
    select source_system
    from (
        {{ difference_of(
            'mapped_statuses',
            previous('stg_mapped__lead_statuses'),
            ['source_system', 'status', 'meaning'],
        ) }}
    ) as changed_statuses
),

merged_otherwise as (
    {{ changed_mergers('mergers') }}
),

due as (
    select people.*
    from {{ people_of_activities('staged_activities', 'staged_participants') }} as people
    cross join as_of
    cross join {{ previous('int_as_of') }} as as_of_before
    where
        {{ is_touch('people', 'greatest(as_of.as_of_at, as_of_before.as_of_at)') }}
        and people.occurred_at >= least(as_of.as_of_at, as_of_before.as_of_at)
),

reached_out_to as (
    select
        lead_key,
        contact_key
    from changed_activities
    union
    select
        {{ key_of('source_system', 'lead_id') }},
        {{ key_of('source_system', 'contact_id') }}
    from due
),

changed as (
    select
        source_system,
        lead_id
    from (
        {{ difference_of(
            'from_now_on',
            'until_now',
            ['source_system', 'lead_id', 'email_hash', 'email_domain', 'record_hash'],
        ) }}
    ) as changed_records
    union
    select
        status_history.source_system,
        status_history.lead_id
    from status_history
    inner join ({{ new_nights() }}) as nights
        on
            status_history.source_system = nights.source_system
            and status_history.batch_date = nights.batch_date
    union
    select
        source_system,
        lead_id
    from {{ before }}
    where source_system in (select source_system from changed_sources)
    union
    select
        source_system,
        lead_id
    from changed_members
    where lead_id is not null
    {%- for what in ['opportunity_id', 'account_id'] %}
    union
    select
        staged.source_system,
        staged.lead_id
    from {{ staged }} as staged
    inner join merged_otherwise
        on {{ key_of('staged.source_system', 'staged.' ~ what) }} = merged_otherwise.merged_key
    {%- endfor %}
    union
    select
        source_system,
        lead_id
    from {{ before }}
    where lead_key in (select lead_key from reached_out_to)
    union
    select
        source_system,
        lead_id
    from {{ before }}
    where
        contact_id is not null
        and contact_key in (select contact_key from reached_out_to)
),
{%- else -%}
changed as (
    select
        source_system,
        lead_id
    from {{ staged }} as staged
    where false
),
{%- endif %}

final as (
    select
        {{ key_of('source_system', 'lead_id') }} as lead_key,
        source_system,
        lead_id
    from changed
)

select * from final
