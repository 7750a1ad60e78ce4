-- One row a pipeline × month of closing × slice: what was closed.
-- depends_on: {{ ref('int_left_closing_sums') }}
{{ config(
    materialized='incremental',
    unique_key=closing_grain(),
    meta={'sums': closing_measures()},
) }}
with

facts as (
    select * from {{ changed_rows(ref('int_opportunity_facts'), 'int_changed_stage_events') }}
),

{% if is_later_night() -%}
left_behind as (  -- noqa: ST03
    select * from {{ ref('int_left_closing_sums') }}
),
{%- endif %}

fresh as (
    {{ closing_sums_of('facts') }}
),

final as (
    {{ sums_that_follow('fresh', 'left_behind', closing_grain(), closing_measures()) }}
)

select * from final
