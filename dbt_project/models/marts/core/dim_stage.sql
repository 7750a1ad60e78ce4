-- One row a stage of a pipeline and version of it; one version a stage until stages are dated.
with

stages as (
    select * from {{ ref('int_stages') }}
),

final as (
    select
        stage_key,
        pipeline_key,
        source_system,
        pipeline_name,
        stage_id,
        stage_name,
        stage_rank,
        stage_kind,
        cast(default_probability as double) as default_probability,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        is_active,
        coalesce(stage_rank >= qualified_rank, stage_kind = 'won') as is_qualified
    from stages
)

select * from final
