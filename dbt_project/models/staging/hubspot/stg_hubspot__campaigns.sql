-- One row a marketing campaign: its newest version, deleted ones included.
{{ config(materialized='ephemeral') }}
with

versions as (
    {{ newest_versions(source('hubspot', 'campaign'), ['id'], 'updatedAt') }}
),

final as (
    select
        'hubspot' as source_system,
        id as campaign_id,
        hs_name as campaign_name,
        cast(null as varchar) as campaign_type,
        hs_campaign_status as status,
        hs_start_date as start_date,
        hs_end_date as end_date,
        cast(null as varchar) as parent_id,
        hs_currency_code as currency_code,
        hs_budget_items_sum_amount as budgeted_cost,
        hs_spend_items_sum_amount as actual_cost,
        coalesce(archived, false) as is_deleted
    from versions
)

select * from final
