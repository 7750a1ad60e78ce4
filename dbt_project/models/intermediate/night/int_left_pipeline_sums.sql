-- One row like those of int_pipeline_sums: what changed opportunities had added
-- until this night; none in a build of everything.
with

changed as (
    select * from {{ ref('int_changed_stage_events') }}
),

{% if is_later_night() -%}
stretches as (
    {{ left_by_changed('intermediate', 'int_opportunity_stretches') }}
),

final as (
    {{ pipeline_sums_of('stretches') }}
)
{%- else -%}
final as (
    select opportunity_key
    from changed
    where false
)
{%- endif %}

select * from final
