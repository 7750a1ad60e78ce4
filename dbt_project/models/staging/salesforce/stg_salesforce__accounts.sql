-- One row an account: its newest version, deleted and merged ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'account'), ['Id'], 'SystemModstamp') }}
),

final as (
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
        SystemModstamp as modified_at{{ passthrough_columns(source('salesforce', 'account')) }}
    from versions
)

select * from final
