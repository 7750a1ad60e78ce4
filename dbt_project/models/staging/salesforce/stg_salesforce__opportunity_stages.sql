-- One row a stage of the picklist, inactive ones included: history still names them.
{{ config(materialized='incremental', unique_key=['stage']) }}
with

-- By name: a stage that was removed and added again comes back with another Id.
delivered as (
    select * from {{ bronze('salesforce', 'opportunity_stage') }}
),

typed as (
    select
        'salesforce' as source_system,
        'default' as pipeline,
        coalesce(ApiName, MasterLabel) as stage,
        MasterLabel as stage_label,
        SortOrder as sort_order,
        case when IsWon then 'won' when IsClosed then 'lost' else 'open' end as kind,
        DefaultProbability / 100 as default_probability,
        IsActive as is_active,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
