-- One row a day × pipeline × stage × owner on which something changed in what is open, and by how much.
-- depends_on: {{ ref('int_left_pipeline_sums') }}
{{ config(
    materialized='incremental',
    unique_key=pipeline_grain(),
    meta={'sums': pipeline_measures()},
) }}
with

stretches as (
    select * from {{ changed_rows(ref('int_opportunity_stretches'), 'int_changed_stage_events') }}
),

{% if is_later_night() -%}
left_behind as (  -- noqa: ST03
    select * from {{ ref('int_left_pipeline_sums') }}
),
{%- endif %}

fresh as (
    {{ pipeline_sums_of('stretches') }}
),

final as (
    {{ sums_that_follow('fresh', 'left_behind', pipeline_grain(), pipeline_measures()) }}
)

select * from final
