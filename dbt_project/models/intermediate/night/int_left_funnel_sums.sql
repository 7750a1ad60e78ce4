-- One row like those of int_funnel_sums: what changed opportunities had added
-- until this night; none in a build of everything.
with

changed as (
    select * from {{ ref('int_changed_stage_events') }}
),

{% if is_later_night() -%}
reached as (
    {{ left_by_changed('intermediate', 'int_stages_reached') }}
),

facts as (
    {{ left_by_changed('intermediate', 'int_opportunity_facts') }}
),

final as (
    {{ funnel_sums_of('reached', 'facts') }}
)
{%- else -%}
final as (
    select opportunity_key
    from changed
    where false
)
{%- endif %}

select * from final
