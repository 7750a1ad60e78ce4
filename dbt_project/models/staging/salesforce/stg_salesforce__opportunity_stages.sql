-- One row a stage of the picklist, inactive ones included: history still names them.
with

-- By name: a stage that was removed and added again comes back with another Id.
versions as (
    {{ newest_versions(
        source('salesforce', 'opportunity_stage'), ['coalesce(ApiName, MasterLabel)']
    ) }}
),

final as (
    select
        'salesforce' as source_system,
        'default' as pipeline,
        coalesce(ApiName, MasterLabel) as stage,
        MasterLabel as stage_label,
        SortOrder as sort_order,
        case when IsWon then 'won' when IsClosed then 'lost' else 'open' end as kind,
        DefaultProbability / 100 as default_probability,
        IsActive as is_active,
        _batch_date as last_batch_date
    from versions
)

select * from final
