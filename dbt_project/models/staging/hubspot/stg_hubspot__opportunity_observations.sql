-- One row a deal × file that delivered it, as far as its versions go, and one a deal × night that
-- first said what it was merged into: HubSpot says so in the record that survived, and delivers the
-- other one no more.
{{ config(materialized='ephemeral') }}
{%- set said_columns = [
    'id', 'pipeline', 'dealstage', 'amount', 'deal_currency_code', 'closedate',
    'hs_manual_forecast_category', 'hubspot_owner_id', 'archived', 'archivedAt',
] %}
with

delivered as (
    select * from {{ bronze('hubspot', 'deal') }}
),

-- Who was merged, and what was known of it, is asked of every night.
rows_of_all_nights as (
    select * from {{ source('hubspot', 'deal') }}
),

merger_spans as (
    {{ hubspot_merger_spans('rows_of_all_nights') }}
),

merged as (
    {{ hubspot_merged_rows('rows_of_all_nights', 'merger_spans') }}
),

said as (
    {{ hubspot_said('delivered', 'merged', said_columns) }}
),

stage_words as (
    {{ hubspot_stage_words() }}
),

said_stages as (
    select
        coalesce(pipeline, '') as pipeline_text,
        dealstage as stage_text,
        batch_date
    from said
),

named_stages as (
    {{ hubspot_named_stages('said_stages') }}
),

owners as (
    {{ hubspot_owners_said('said', batch_date='batch_date') }}
),

final as (
    select
        'hubspot' as source_system,
        said.id as opportunity_id,
        coalesce(owners.owner_id, said.hubspot_owner_id) as owner_id,
        coalesce(named_stages.pipeline, said.pipeline, 'default') as pipeline,
        coalesce(named_stages.stage, said.dealstage) as stage,
        said.amount,
        said.deal_currency_code as currency_code,
        {{ business_date('said.closedate') }} as close_date,
        said.closedate as closed_at,
        said.hs_manual_forecast_category as forecast_category,
        coalesce(said.archived, false) as is_deleted,
        merger_spans.survivor_id as merged_into_id,
        said.hs_lastmodifieddate as modified_at,
        case when said.archived then said.archivedAt end as archived_at,
        said.batch_date,
        said.load_number,
        said.row_number
    from said
    left join named_stages
        on
            coalesce(said.pipeline, '') = named_stages.pipeline_text
            and said.dealstage = named_stages.stage_text
            and said.batch_date = named_stages.batch_date
    left join owners
        on said.hubspot_owner_id = owners.said and said.batch_date = owners.batch_date
    left join merger_spans
        on
            said.id = merger_spans.merged_id
            and said.batch_date >= merger_spans.first_date
            and (merger_spans.end_date is null or said.batch_date < merger_spans.end_date)
)

select * from final
