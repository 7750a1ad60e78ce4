-- One row an entry into a stage, of any mapped source. A row without an instant is no event.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'opportunity_id', 'pipeline', 'stage', 'changed_at', 'sequence'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'opportunity_stage_history') }}
),

typed as (
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
        forecast_category,
        coalesce(is_migration, false) as is_migration,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
    where changed_at is not null
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
