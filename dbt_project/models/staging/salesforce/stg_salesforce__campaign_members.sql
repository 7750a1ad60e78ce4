-- One row a lead's or contact's part in a campaign: its newest version, deleted ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'campaign_member'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        CampaignId as campaign_id,
        LeadId as lead_id,
        ContactId as contact_id,
        Status as status,
        coalesce(HasResponded, false) as has_responded,
        -- Salesforce keeps the day alone.
        cast(FirstRespondedDate as timestamp) as responded_at,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        _batch_date as last_batch_date
    from versions
)

select * from final
