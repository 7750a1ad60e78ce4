-- One row a lead status that means something, of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'lead_statuses'), ['_source', 'status']) }}
),

final as (
    select
        _source as source_system,
        status,
        meaning,
        _batch_date as last_batch_date
    from versions
)

select * from final
