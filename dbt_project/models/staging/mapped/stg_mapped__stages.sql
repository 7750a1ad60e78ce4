-- One row a stage of a pipeline of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'pipeline', 'stage']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'stages') }}
),

typed as (
    select
        _source as source_system,
        coalesce(pipeline, 'default') as pipeline,
        stage,
        coalesce(stage_label, stage) as stage_label,
        rank as sort_order,
        kind,
        default_probability,
        coalesce(is_qualifying, false) as is_qualifying,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
