-- One row a campaign of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'campaign_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'campaigns') }}
),

typed as (
    select
        _source as source_system,
        campaign_id,
        campaign_name,
        campaign_type,
        status,
        start_date,
        end_date,
        parent_id,
        currency_code,
        budgeted_cost,
        actual_cost,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
