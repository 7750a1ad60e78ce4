-- One row a call, e-mail, meeting, task or note of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'activities'), ['_source', 'activity_id']) }}
),

final as (
    select
        _source as source_system,
        activity_id,
        opportunity_id,
        account_id,
        contact_id,
        lead_id,
        owner_id,
        coalesce(channel, 'other') as channel,
        direction,
        subject,
        occurred_at,
        duration_minutes,
        is_completed,
        outcome,
        _batch_date as last_batch_date
    from versions
)

select * from final
