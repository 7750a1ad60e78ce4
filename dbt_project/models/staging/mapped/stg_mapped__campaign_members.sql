-- One row a lead's or contact's part in a campaign of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(
        source('mapped', 'campaign_members'),
        ['_source', 'campaign_id', 'lead_id', 'contact_id'],
    ) }}
),

final as (
    select
        _source as source_system,
        campaign_id,
        lead_id,
        contact_id,
        status,
        coalesce(has_responded, responded_at is not null) as has_responded,
        responded_at,
        created_at,
        _batch_date as last_batch_date
    from versions
)

select * from final
