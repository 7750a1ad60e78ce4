-- One row a stage × month × slice × age in days: how many stays left the risk set of the month at that
-- age, less those that joined it, and how many of them ended. Stays that go on are not in it: what
-- is known of them changes with every night.
-- depends_on: {{ ref('int_left_stays') }}
{{ config(
    materialized='incremental',
    unique_key=stay_grain(),
    meta={'sums': stay_measures()},
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
    {{ stay_sums_of('stays', "exit_kind <> 'open'") }}
),

{% if is_later_night() -%}
left_behind as (  -- noqa: ST03
    {{ stay_sums_of(ref('int_left_stays'), "exit_kind <> 'open'") }}
),
{%- endif %}

final as (
    {{ sums_that_follow('fresh', 'left_behind', stay_grain(), stay_measures()) }}
)

select * from final
