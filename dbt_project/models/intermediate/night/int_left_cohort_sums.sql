-- One row like those of int_cohort_sums: what changed opportunities had added
-- until this night; none in a build of everything.
with

changed as (
    select * from {{ ref('int_changed_stage_events') }}
),

{% if is_later_night() -%}
facts as (
    {{ left_by_changed('intermediate', 'int_opportunity_facts') }}
),

final as (
    {{ cohort_sums_of('facts') }}
)
{%- else -%}
final as (
    select opportunity_key
    from changed
    where false
)
{%- endif %}

select * from final
