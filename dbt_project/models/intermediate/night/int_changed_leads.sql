-- One row a lead that this night has to compute anew; none in a build of everything.
--
-- Its record differs, is there no longer or is there again; its status has a new entry or means
-- something else; another campaign touched it first; somebody reached out to it, or an activity that
-- was planned is due since; what it became was merged otherwise, or is computed anew itself.
with

staged as (
    {{ staged_leads() }}
),

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

campaign_touches as (
    select * from {{ ref('int_campaign_touches') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

changed_activities as (
    select * from {{ ref('int_changed_activities') }}
),

changed_opportunities as (
    select * from {{ ref('int_changed_stage_events') }}
),

activities as (
    select * from {{ ref('int_activities') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_later_night() -%}
before as (
    select * from {{ before_this_night('intermediate', 'int_leads') }}
),

concerned as (
    {{ records_of_new_loads('staged', 'full_extracts', 'lead_id') }}
    union
    {{ hubspot_records('before', 'lead_id') }}
),

concerned_staged as (
    select *
    from staged
    where (source_system, lead_id) in (
        select
            source_system,
            lead_id
        from concerned
    )
),

standing as (
    {{ standing_leads('concerned_staged', 'full_extracts') }}
),

from_now_on as (
    select
        source_system,
        lead_id,
        {{ row_hash(lead_columns()) }} as record_hash
    from standing
),

until_now as (
    select
        source_system,
        lead_id,
        record_hash
    from before
    where (source_system, lead_id) in (
        select
            source_system,
            lead_id
        from concerned
    )
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

campaigns as (
    {{ first_campaigns('campaign_touches') }}
),

merged_otherwise as (
    {{ changed_mergers('mergers') }}
),

-- Touches that lay in the future of the night before, and no longer do.
due as (
    select
        activities.source_system,
        activities.lead_id,
        activities.contact_id
    from activities
    cross join as_of
    cross join {{ previous('int_as_of') }} as as_of_before
    where
        {{ is_touch('activities', 'greatest(as_of.as_of_at, as_of_before.as_of_at)') }}
        and activities.occurred_at >= least(as_of.as_of_at, as_of_before.as_of_at)
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
            'from_now_on', 'until_now', ['source_system', 'lead_id', 'record_hash']
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
    from before
    where source_system in (select source_system from changed_sources)
    union
    select
        before.source_system,
        before.lead_id
    from before
    left join campaigns
        on
            before.source_system = campaigns.source_system
            and before.lead_id = campaigns.lead_id
    where before.touched_campaign_id is distinct from campaigns.campaign_id
    union
    select
        source_system,
        lead_id
    from before
    where lead_key in (select lead_key from reached_out_to)
    union
    select
        source_system,
        lead_id
    from before
    where
        contact_id is not null
        and contact_key in (select contact_key from reached_out_to)
    {%- for what in ['opportunity_id', 'account_id'] %}
    union
    select
        staged.source_system,
        staged.lead_id
    from staged
    inner join merged_otherwise
        on {{ key_of('staged.source_system', 'staged.' ~ what) }} = merged_otherwise.merged_key
    {%- endfor %}
    union
    select
        source_system,
        lead_id
    from before
    where opportunity_key in (select opportunity_key from changed_opportunities)
),
{%- else -%}
changed as (
    select
        source_system,
        lead_id
    from staged
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
