-- One row a stage × period in which it stood for another stage: what was renamed or replaced.
with

stage_map as (
    select * from {{ source('flywheel', 'stage_map') }}
),

final as (
    select
        source_system,
        pipeline,
        stage,
        coalesce(cast(valid_from as date), cast('1900-01-01' as date)) as first_date,
        coalesce(cast(valid_to as date), cast('9999-12-31' as date)) as last_date,
        canonical_stage
    from stage_map
    where canonical_stage is not null
)

select * from final
