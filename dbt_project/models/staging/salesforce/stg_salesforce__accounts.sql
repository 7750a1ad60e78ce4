-- One row an account: its newest version, deleted and merged ones included.
{{ config(materialized='incremental', unique_key=['account_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'account') }}
),

typed as (
    select
        'salesforce' as source_system,
        Id as account_id,
        Name as account_name,
        Industry as industry,
        cast(null as varchar) as segment,
        BillingCountry as country,
        NumberOfEmployees as employee_count,
        AnnualRevenue as annual_revenue,
        Type as account_type,
        ParentId as parent_id,
        OwnerId as owner_id,
        CreatedDate as created_at,
        IsDeleted as is_deleted,
        MasterRecordId as merged_into_id,
        SystemModstamp as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
        {{- passthrough_columns(bronze('salesforce', 'account'), 'delivered') }}
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
