-- One row a user's share of an opportunity under one type of split: its newest version, deleted
-- ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'opportunity_split'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        OpportunityId as opportunity_id,
        SplitOwnerId as user_id,
        SplitPercentage / 100 as share,
        SplitTypeId as split_type,
        coalesce(IsDeleted, false) as is_deleted,
        _batch_date as last_batch_date
    from versions
)

select * from final
