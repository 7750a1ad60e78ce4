-- One row an entry into a stage, of any mapped source. A row without an instant is no event.
with

versions as (
    {{ newest_versions(
        source('mapped', 'opportunity_stage_history'),
        ['_source', 'opportunity_id', 'pipeline', 'stage', 'changed_at', 'sequence'],
    ) }}
),

final as (
    select
        _source as source_system,
        history_id,
        opportunity_id,
        stage,
        changed_at,
        sequence,
        pipeline,
        actor_id,
        amount,
        close_date,
        probability,
        forecast_category
    from versions
    where changed_at is not null
)

select * from final
