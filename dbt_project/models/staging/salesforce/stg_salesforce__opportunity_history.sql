-- One row a change of an opportunity's stage, amount, probability or close date: the state after.
{{ config(materialized='incremental', unique_key=['history_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'opportunity_history') }}
),

typed as (
    select
        'salesforce' as source_system,
        Id as history_id,
        OpportunityId as opportunity_id,
        StageName as stage,
        CreatedDate as changed_at,
        cast(null as bigint) as sequence,
        'default' as pipeline,
        CreatedById as actor_id,
        Amount as amount,
        CloseDate as close_date,
        Probability / 100 as probability,
        {{ forecast_category_name('ForecastCategory') }} as forecast_category,
        false as is_migration,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
