-- One row a pipeline × stage × month × slice: what was reached in the month, and what became of it.
-- depends_on: {{ ref('int_left_funnel_sums') }}
{{ config(
    materialized='incremental',
    unique_key=funnel_grain(),
    meta={'sums': funnel_measures()},
) }}
with

reached as (
    select * from {{ changed_rows(ref('int_stages_reached'), 'int_changed_stage_events') }}
),

facts as (
    select * from {{ changed_rows(ref('int_opportunity_facts'), 'int_changed_stage_events') }}
),

{% if is_later_night() -%}
left_behind as (  -- noqa: ST03
    select * from {{ ref('int_left_funnel_sums') }}
),
{%- endif %}

fresh as (
    {{ funnel_sums_of('reached', 'facts') }}
),

final as (
    {{ sums_that_follow('fresh', 'left_behind', funnel_grain(), funnel_measures()) }}
)

select * from final
