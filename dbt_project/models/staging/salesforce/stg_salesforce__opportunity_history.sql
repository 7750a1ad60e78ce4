-- One row a change of an opportunity's stage, amount, probability or close date: the state after.
with

versions as (
    {{ newest_versions(source('salesforce', 'opportunity_history'), ['Id']) }}
),

final as (
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
        ForecastCategory as forecast_category
    from versions
    where not coalesce(IsDeleted, false)
)

select * from final
