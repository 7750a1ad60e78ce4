-- One row a user's share of an opportunity under one type of split: its newest version, deleted
-- ones included.
{{ config(materialized='incremental', unique_key=['record_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'opportunity_split') }}
),

typed as (
    select
        'salesforce' as source_system,
        OpportunityId as opportunity_id,
        SplitOwnerId as user_id,
        SplitPercentage / 100 as share,
        SplitTypeId as split_type,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp as modified_at,
        Id as record_id,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
