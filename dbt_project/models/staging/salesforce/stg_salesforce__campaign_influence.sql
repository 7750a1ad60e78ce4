-- One row the credit that a model gives a campaign for an opportunity: its newest version, deleted
-- ones included. Each model divides the whole opportunity anew: sums are sums of one model.
with

versions as (
    {{ newest_versions(source('salesforce', 'campaign_influence'), ['Id'], 'SystemModstamp') }}
),

influence_models as (
    {{ newest_versions(
        source('salesforce', 'campaign_influence_model'), ['Id'], 'SystemModstamp'
    ) }}
),

final as (
    select
        'salesforce' as source_system,
        versions.Id as influence_id,
        versions.CampaignId as campaign_id,
        versions.OpportunityId as opportunity_id,
        versions.ContactId as contact_id,
        versions.ModelId as model_id,
        coalesce(influence_models.MasterLabel, influence_models.DeveloperName) as model_name,
        influence_models.IsDefaultModel as is_default_model,
        versions.Influence / 100 as share,
        versions.RevenueShare as amount,
        versions.CreatedDate as created_at,
        coalesce(versions.IsDeleted, false) as is_deleted,
        versions._batch_date as last_batch_date
    from versions
    left join influence_models on versions.ModelId = influence_models.Id
)

select * from final
