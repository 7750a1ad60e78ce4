-- One row a lead's or contact's part in a campaign: its newest version, deleted ones included.
{{ config(materialized='incremental', unique_key=['record_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'campaign_member') }}
),

typed as (
    select
        'salesforce' as source_system,
        CampaignId as campaign_id,
        LeadId as lead_id,
        ContactId as contact_id,
        Status as status,
        coalesce(HasResponded, false) as has_responded,
        -- Salesforce keeps the day alone.
        {{ start_of_day('FirstRespondedDate') }} as responded_at,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp as modified_at,
        Id as record_id,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
