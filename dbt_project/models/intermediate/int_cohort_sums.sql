-- One row a pipeline × month of creation × outcome × age at the close × slice: members of a cohort.
-- depends_on: {{ ref('int_left_cohort_sums') }}
{{ config(
    materialized='incremental',
    unique_key=cohort_grain(),
    meta={'sums': cohort_measures()},
) }}
with

facts as (
    select * from {{ changed_rows(ref('int_opportunity_facts'), 'int_changed_stage_events') }}
),

{% if is_later_night() -%}
left_behind as (  -- noqa: ST03
    select * from {{ ref('int_left_cohort_sums') }}
),
{%- endif %}

fresh as (
    {{ cohort_sums_of('facts') }}
),

final as (
    {{ sums_that_follow('fresh', 'left_behind', cohort_grain(), cohort_measures()) }}
)

select * from final
