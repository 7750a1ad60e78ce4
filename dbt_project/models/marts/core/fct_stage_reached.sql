-- One row an opportunity × open stage reached, by the furthest-stage rule.
{{ config(materialized='view') }}
with

reached as (
    select * from {{ ref('int_stages_reached') }}
),

final as (
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        stage_rank,
        reached_at,
        reached_amount,
        owner_key,
        is_imputed,
        is_ordered
    from reached
)

select * from final
