-- One row an opportunity × stretch of time in which pipeline, stage, owner, amount, close date and
-- forecast category stayed the same. A deleted opportunity has none from its deletion on.
{{ config(materialized='view') }}
with

stretches as (
    select * from {{ ref('int_opportunity_stretches') }}
),

final as (
    select
        opportunity_key,
        version_number,
        valid_from,
        valid_to,
        pipeline_key,
        stage_key,
        owner_key,
        amount_local,
        currency_code,
        amount,
        close_date,
        forecast_category,
        is_open
    from stretches
)

select * from final
