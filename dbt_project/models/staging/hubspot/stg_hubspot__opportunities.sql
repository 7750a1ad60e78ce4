-- One row a deal: its newest version, archived and merged ones included.
with

versions as (
    {{ newest_versions(
        source('hubspot', 'deal'), ['id'], 'hs_lastmodifieddate', with_last_seen=true
    ) }}
),

stage_words as (
    {{ hubspot_stage_words() }}
),

said_stages as (
    select
        coalesce(pipeline, '') as pipeline_text,
        dealstage as stage_text,
        _batch_date as batch_date
    from versions
),

named_stages as (
    {{ hubspot_named_stages('said_stages') }}
),

owners as (
    {{ hubspot_owners_said('versions') }}
),

creators as (
    {{ hubspot_owners_of_users() }}
),

campaigns as (
    {{ hubspot_campaigns_said() }}
),

mergers as (
    {{ hubspot_mergers('versions') }}
),

associations as (
    {{ hubspot_associations('deals', 'deal_association', ['deal']) }}
),

-- A deal has one primary company and may have others: one row a deal, whatever it has.
companies as (
    select
        from_id,
        coalesce(min(case when is_primary = 1 then to_id end), min(to_id)) as company_id
    from associations
    where to_object = 'companies'
    group by from_id
),

exported_companies as (
    select
        id,
        min(company_id) as company_id
    from (
        {{ split_list('versions', ['id'], 'company_ids', 'company_id') }}
    ) as listed
    group by id
),

final as (
    select
        'hubspot' as source_system,
        versions.id as opportunity_id,
        versions.dealname as opportunity_name,
        coalesce(
            companies.company_id, versions.primary_company_id, exported_companies.company_id
        ) as account_id,
        coalesce(owners.owner_id, versions.hubspot_owner_id) as owner_id,
        creators.owner_id as created_by_id,
        coalesce(named_stages.pipeline, versions.pipeline, 'default') as pipeline,
        coalesce(named_stages.stage, versions.dealstage) as stage,
        versions.amount,
        versions.deal_currency_code as currency_code,
        versions.createdate as created_at,
        {{ business_date('versions.closedate') }} as close_date,
        versions.closedate as closed_at,
        versions.dealtype as opportunity_type,
        versions.hs_analytics_source as lead_source,
        coalesce(campaigns.campaign_id, versions.hs_campaign) as campaign_id,
        cast(null as varchar) as product_id,
        versions.hs_manual_forecast_category as forecast_category,
        versions.hs_deal_stage_probability as probability,
        versions.closed_lost_reason as loss_reason,
        coalesce(versions.archived, false) as is_deleted,
        mergers.survivor_id as merged_into_id,
        versions.hs_lastmodifieddate as modified_at,
        versions._batch_date as batch_date,
        versions._load_number as load_number,
        versions._row_number as row_number,
        versions.last_seen_date
    from versions
    left join named_stages
        on
            coalesce(versions.pipeline, '') = named_stages.pipeline_text
            and versions.dealstage = named_stages.stage_text
            and versions._batch_date = named_stages.batch_date
    left join owners
        on versions.hubspot_owner_id = owners.said and versions._batch_date = owners.batch_date
    left join creators on versions.hs_created_by_user_id = creators.user_id
    left join campaigns on versions.hs_campaign = campaigns.said
    left join mergers on versions.id = mergers.merged_id
    left join companies on versions.id = companies.from_id
    left join exported_companies on versions.id = exported_companies.id
)

select * from final
