-- One row a stay in an open stage, of changed opportunities, as it was until this night; none in a
-- build of everything.
-- depends_on: {{ ref('int_as_of') }}
with

changed as (
    select * from {{ ref('int_changed_stage_events') }}
),

{% if is_later_night() -%}
events as (
    {{ left_by_changed('intermediate', 'int_stage_events') }}
),

facts as (
    {{ left_by_changed('intermediate', 'int_opportunity_facts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

visits as (
    {{ visits_of('events', 'as_of') }}
),

final as (
    {{ watched_stays('visits', 'facts', 'as_of') }}
)
{%- else -%}
final as (
    select opportunity_key
    from changed
    where false
)
{%- endif %}

select * from final
