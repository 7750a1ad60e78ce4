-- One row a stage of a pipeline of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(
        source('mapped', 'stages'), ['_source', "coalesce(pipeline, 'default')", 'stage']
    ) }}
),

final as (
    select
        _source as source_system,
        coalesce(pipeline, 'default') as pipeline,
        stage,
        coalesce(stage_label, stage) as stage_label,
        rank as sort_order,
        kind,
        default_probability,
        coalesce(is_qualifying, false) as is_qualifying,
        _batch_date as last_batch_date
    from versions
)

select * from final
