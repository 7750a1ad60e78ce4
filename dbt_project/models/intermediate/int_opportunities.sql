-- One row an opportunity of any source: its newest version, with keys, deleted ones included.
-- A record that a newer full extract no longer holds is deleted.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

staged as (
    {{ staged_opportunities() }}
),

opportunities as (
    select
        *,
        {{ row_hash(opportunity_columns()) }} as record_hash
    from staged
    {{ only_changed_records() }}
),

-- A source has one of these objects and no other.
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name in ('opportunity', 'deal', 'opportunities')
),

versions as (
    select * from {{ ref('int_opportunity_versions') }}
    where stage in (select stage from {{ ref('stg_flywheel__stage_map') }})
),

stages as (
    select * from {{ ref('int_stages') }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

stage_map as (
    select * from {{ ref('stg_flywheel__stage_map') }}
),

merged_accounts as (
    select * from {{ ref('int_mergers') }}
    where object_name = 'account'
),

close_days as (
    select distinct
        source_system,
        coalesce(currency_code, '{{ var("reporting_currency") }}') as currency_code,
        close_date as rate_date
    from opportunities
),

close_rates as (
    {{ rates_of_days('close_days', 'exchange_rates') }}
),

-- Of stages that stand for others the day decides: that of the newest version's instant.
renamed as (
    select
        opportunities.source_system,
        opportunities.opportunity_id,
        stage_map.canonical_stage
    from opportunities
    inner join (
        select
            opportunity_key,
            max(known_at) as known_at
        from versions
        where not is_absent
        group by opportunity_key
    ) as newest_versions
        on
            {{ key_of('opportunities.source_system', 'opportunities.opportunity_id') }}
            = newest_versions.opportunity_key
    inner join stage_map
        on
            {{ is_mapped_stage(
                'opportunities',
                'opportunities.pipeline',
                business_date('newest_versions.known_at')
            ) }}
),

placed as (
    select
        opportunities.*,
        coalesce(opportunities.currency_code, '{{ var("reporting_currency") }}')
            as said_currency_code,
        {{ key_of('opportunities.source_system', 'opportunities.account_id') }} as said_account_key,
        {{ key_of(
            'opportunities.source_system',
            "opportunities.pipeline || ':' "
            ~ "|| coalesce(renamed.canonical_stage, opportunities.stage)"
        ) }} as stage_key
    from opportunities
    left join renamed
        on
            opportunities.source_system = renamed.source_system
            and opportunities.opportunity_id = renamed.opportunity_id
),

final as (
    select
        opportunities.source_system,
        opportunities.opportunity_id,
        {{ key_of('opportunities.source_system', 'opportunities.opportunity_id') }}
            as opportunity_key,
        opportunities.opportunity_name,
        coalesce(merged_accounts.final_survivor_key, opportunities.said_account_key) as account_key,
        opportunities.said_account_key,
        {{ key_of('opportunities.source_system', 'opportunities.owner_id') }} as owner_key,
        {{ key_of('opportunities.source_system', 'opportunities.created_by_id') }}
            as created_by_owner_key,
        opportunities.pipeline,
        {{ key_of('opportunities.source_system', 'opportunities.pipeline') }} as pipeline_key,
        opportunities.stage_key,
        stages.stage_rank,
        stages.stage_kind,
        {{ to_cents('opportunities.amount') }} as amount_local,
        opportunities.said_currency_code as currency_code,
        {{ in_reporting_currency(to_cents('opportunities.amount'), 'plan_rates.plan_rate') }} as amount,
        -- At the rate of the close date, as advanced currency management reports it.
        {{ in_reporting_currency(
            to_cents('opportunities.amount'),
            "case when opportunities.said_currency_code = '" ~ var('reporting_currency')
            ~ "' then 1 else close_rates.rate_to_reporting end"
        ) }} as amount_dated,
        opportunities.created_at,
        opportunities.close_date,
        coalesce(opportunities.closed_at, {{ start_of_day('opportunities.close_date') }})
            as stated_close_at,
        coalesce(opportunities.opportunity_type, 'unknown') as opportunity_type,
        coalesce(opportunities.lead_source, 'unknown') as lead_source,
        {{ key_of('opportunities.source_system', 'opportunities.campaign_id') }} as campaign_key,
        {{ key_of('opportunities.source_system', 'opportunities.product_id') }} as product_key,
        opportunities.forecast_category,
        opportunities.probability,
        opportunities.loss_reason,
        opportunities.modified_at,
        opportunities.record_hash,
        opportunities.is_deleted
        or opportunities.merged_into_id is not null
        or coalesce(opportunities.last_seen_date < full_extracts.batch_date, false) as is_deleted
    from placed as opportunities
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.said_currency_code = plan_rates.currency_code
    left join close_rates
        on
            opportunities.source_system = close_rates.source_system
            and opportunities.said_currency_code = close_rates.currency_code
            and opportunities.close_date = close_rates.rate_date
    left join merged_accounts on opportunities.said_account_key = merged_accounts.merged_key
    left join full_extracts
        on opportunities.source_system = full_extracts.source_system
    left join stages on opportunities.stage_key = stages.stage_key
)

select * from final
