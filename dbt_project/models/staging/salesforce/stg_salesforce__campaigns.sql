-- One row a campaign: its newest version, deleted ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'campaign'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as campaign_id,
        Name as campaign_name,
        Type as campaign_type,
        Status as status,
        StartDate as start_date,
        EndDate as end_date,
        ParentId as parent_id,
        BudgetedCost as budgeted_cost,
        ActualCost as actual_cost,
        coalesce(IsDeleted, false) as is_deleted,
        _batch_date as last_batch_date{{ passthrough_columns(source('salesforce', 'campaign')) }}
    from versions
)

select * from final
