-- One row an opportunity: its newest version, deleted ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'opportunity'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as opportunity_id,
        Name as opportunity_name,
        AccountId as account_id,
        OwnerId as owner_id,
        CreatedById as created_by_id,
        'default' as pipeline,
        StageName as stage,
        Amount as amount,
        CurrencyIsoCode as currency_code,
        CreatedDate as created_at,
        CloseDate as close_date,
        cast(null as timestamp) as closed_at,
        Type as opportunity_type,
        LeadSource as lead_source,
        CampaignId as campaign_id,
        cast(null as varchar) as product_id,
        coalesce(ForecastCategoryName, ForecastCategory) as forecast_category,
        Probability / 100 as probability,
        cast(null as varchar) as loss_reason,
        NextStep as next_step,
        IsDeleted as is_deleted,
        cast(null as varchar) as merged_into_id,
        SystemModstamp as modified_at,
        _batch_date as last_batch_date{{ passthrough_columns(source('salesforce', 'opportunity')) }}
    from versions
)

select * from final
