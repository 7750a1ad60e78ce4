-- One row a stage × month in which stays ended × slice: how they ended. The row without a month holds
-- those that go on.
-- depends_on: {{ ref('int_left_stays') }}
{{ config(
    materialized='incremental',
    unique_key=exit_grain(),
    meta={'sums': exit_measures()},
) }}
with

events as (
    select * from {{ changed_rows(ref('int_stage_events'), 'int_changed_stage_events') }}
),

facts as (
    select * from {{ changed_rows(ref('int_opportunity_facts'), 'int_changed_stage_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

visits as (
    {{ visits_of('events', 'as_of') }}
),

stays as (
    {{ watched_stays('visits', 'facts', 'as_of') }}
),

fresh as (
    {{ exit_sums_of('stays') }}
),

{% if is_later_night() -%}
left_behind as (  -- noqa: ST03
    {{ exit_sums_of(ref('int_left_stays')) }}
),
{%- endif %}

final as (
    {{ sums_that_follow('fresh', 'left_behind', exit_grain(), exit_measures()) }}
)

select * from final
