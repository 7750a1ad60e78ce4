-- One row a campaign: its newest version, deleted ones included.
{{ config(materialized='incremental', unique_key=['campaign_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'campaign') }}
),

typed as (
    select
        'salesforce' as source_system,
        Id as campaign_id,
        Name as campaign_name,
        Type as campaign_type,
        Status as status,
        StartDate as start_date,
        EndDate as end_date,
        ParentId as parent_id,
        CurrencyIsoCode as currency_code,
        BudgetedCost as budgeted_cost,
        ActualCost as actual_cost,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
        {{- passthrough_columns(bronze('salesforce', 'campaign'), 'delivered') }}
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
