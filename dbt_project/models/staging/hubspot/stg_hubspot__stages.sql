-- One row a stage of a deal pipeline: its newest version, archived ones included.
with

versions as (
    {{ newest_versions(source('hubspot', 'pipeline_stage'), ['pipelineId', 'stageId']) }}
),

final as (
    select
        'hubspot' as source_system,
        pipelineId as pipeline,
        stageId as stage,
        label as stage_label,
        displayOrder as sort_order,
        case
            when not coalesce(isClosed, probability in (0, 1), false) then 'open'
            when probability = 1 then 'won'
            else 'lost'
        end as kind,
        probability as default_probability,
        not coalesce(archived, false) and not coalesce(pipelineArchived, false) as is_active,
        _batch_date as last_seen_date,
        coalesce(pipelineLabel, pipelineId) as pipeline_label
    from versions
)

select * from final
