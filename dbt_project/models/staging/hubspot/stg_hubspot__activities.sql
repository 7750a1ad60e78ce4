-- One row a call, e-mail, meeting, note or task: its newest version, archived ones included.
with

calls as (
    {{ newest_versions(source('hubspot', 'call'), ['id'], 'hs_lastmodifieddate') }}
),

emails as (
    {{ newest_versions(source('hubspot', 'email'), ['id'], 'hs_lastmodifieddate') }}
),

meetings as (
    {{ newest_versions(source('hubspot', 'meeting'), ['id'], 'hs_lastmodifieddate') }}
),

notes as (
    {{ newest_versions(source('hubspot', 'note'), ['id'], 'hs_lastmodifieddate') }}
),

tasks as (
    {{ newest_versions(source('hubspot', 'task'), ['id'], 'hs_lastmodifieddate') }}
),

associations as (
    {{ hubspot_associations(
        'engagements', 'engagement_association', ['call', 'email', 'meeting', 'note', 'task']
    ) }}
),

engagements as (
    select
        id,
        archived,
        _batch_date,
        hubspot_owner_id,
        'call' as channel,
        lower(hs_call_direction) as direction,
        hs_timestamp as occurred_at,
        hs_call_duration / 60000 as duration_minutes,
        coalesce(hs_call_status, 'COMPLETED') = 'COMPLETED' as is_completed,
        hs_call_disposition as outcome
    from calls
    union all
    select
        id,
        archived,
        _batch_date,
        hubspot_owner_id,
        'email',
        case hs_email_direction
            when 'INCOMING_EMAIL' then 'inbound'
            when 'EMAIL' then 'outbound'
        end,
        hs_timestamp,
        null,
        coalesce(hs_email_status, 'SENT') = 'SENT',
        hs_email_status
    from emails
    union all
    select
        id,
        archived,
        _batch_date,
        hubspot_owner_id,
        'meeting',
        null,
        coalesce(hs_meeting_start_time, hs_timestamp),
        {{ days_between('hs_meeting_start_time', 'hs_meeting_end_time') }} * 24 * 60,
        hs_meeting_outcome = 'COMPLETED',
        hs_meeting_outcome
    from meetings
    union all
    select
        id,
        archived,
        _batch_date,
        hubspot_owner_id,
        'note',
        null,
        hs_timestamp,
        null,
        true,
        null
    from notes
    union all
    select
        id,
        archived,
        _batch_date,
        hubspot_owner_id,
        'task',
        null,
        coalesce(hs_task_completion_date, hs_timestamp),
        null,
        coalesce(hs_task_status = 'COMPLETED', false),
        hs_task_status
    from tasks
),

owners as (
    {{ hubspot_owners_said('engagements') }}
),

-- An activity may be associated with many records of a kind: one is named, so that it counts once.
associated as (
    select
        from_id,
        min(case when to_object = 'deals' then to_id end) as deal_id,
        min(case when to_object = 'companies' then to_id end) as company_id,
        min(case when to_object = 'contacts' then to_id end) as contact_id
    from associations
    group by from_id
),

final as (
    select
        'hubspot' as source_system,
        engagements.id as activity_id,
        associated.deal_id as opportunity_id,
        associated.company_id as account_id,
        associated.contact_id,
        associated.contact_id as lead_id,
        coalesce(owners.owner_id, engagements.hubspot_owner_id) as owner_id,
        engagements.channel,
        engagements.direction,
        engagements.occurred_at,
        engagements.duration_minutes,
        engagements.is_completed,
        engagements.outcome,
        coalesce(engagements.archived, false) as is_deleted,
        engagements._batch_date as last_batch_date
    from engagements
    left join associated on engagements.id = associated.from_id
    left join owners
        on
            engagements.hubspot_owner_id = owners.said
            and engagements._batch_date = owners.batch_date
)

select * from final
