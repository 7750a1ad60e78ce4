-- One row a user's share of an opportunity under one type of split, of any mapped source: its
-- newest version.
with

versions as (
    {{ newest_versions(
        source('mapped', 'opportunity_splits'),
        ['_source', 'opportunity_id', 'user_id', 'split_type'],
    ) }}
),

final as (
    select
        _source as source_system,
        opportunity_id,
        user_id,
        share,
        split_type,
        _batch_date as last_batch_date
    from versions
)

select * from final
