-- One row a deal × file that delivered it, as far as its versions go.
{{ config(materialized='ephemeral') }}
with

versions as (
    select * from {{ bronze('hubspot', 'deal') }}
),

newest as (
    {{ newest_versions(source('hubspot', 'deal'), ['id'], 'hs_lastmodifieddate') }}
),

stages as (
    {{ hubspot_stages() }}
),

said_stages as (
    select
        coalesce(pipeline, '') as pipeline_text,
        dealstage as stage_text
    from versions
),

named_stages as (
    {{ hubspot_named_stages('said_stages') }}
),

owners as (
    {{ hubspot_owners_said() }}
),

mergers as (
    {{ hubspot_mergers('newest') }}
),

final as (
    select
        'hubspot' as source_system,
        versions.id as opportunity_id,
        coalesce(owners.owner_id, versions.hubspot_owner_id) as owner_id,
        coalesce(named_stages.pipeline, versions.pipeline, 'default') as pipeline,
        coalesce(named_stages.stage, versions.dealstage) as stage,
        versions.amount,
        versions.deal_currency_code as currency_code,
        {{ business_date('versions.closedate') }} as close_date,
        versions.closedate as closed_at,
        versions.hs_manual_forecast_category as forecast_category,
        coalesce(versions.archived, false) as is_deleted,
        mergers.survivor_id as merged_into_id,
        versions.hs_lastmodifieddate as modified_at,
        versions._batch_date as batch_date,
        versions._load_number as load_number,
        versions._row_number as row_number
    from versions
    left join named_stages
        on
            coalesce(versions.pipeline, '') = named_stages.pipeline_text
            and versions.dealstage = named_stages.stage_text
    left join owners on versions.hubspot_owner_id = owners.said
    left join mergers on versions.id = mergers.merged_id
)

select * from final
