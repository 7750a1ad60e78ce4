-- One row a campaign of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'campaigns'), ['_source', 'campaign_id']) }}
),

final as (
    select
        _source as source_system,
        campaign_id,
        campaign_name,
        campaign_type,
        status,
        start_date,
        end_date,
        parent_id,
        budgeted_cost,
        actual_cost,
        _batch_date as last_batch_date
    from versions
)

select * from final
