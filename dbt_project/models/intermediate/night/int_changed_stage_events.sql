-- One row an opportunity whose stage events this night has to compute anew: it changed itself, or a
-- bulk move that it was part of became one, or is one no more.
-- depends_on: {{ ref('int_stage_migrations') }}
with

changed as (
    select * from {{ ref('int_changed_opportunities') }}
),

entries as (
    select * from {{ ref('int_stage_entries') }}
),

{% if is_later_night() -%}
migrations as (
    select * from {{ ref('int_stage_migrations') }}
),

flipped as (
    {{ difference_of(
        '(select * from migrations where is_migration)',
        '(select * from ' ~ previous('int_stage_migrations') ~ ' where is_migration)',
        ['pipeline_key', 'previous_stage_key', 'stage_key', 'actor_key', 'hour_at'],
    ) }}
),

moved as (
    select distinct entries.opportunity_key
    from entries
    inner join flipped
        on
            entries.pipeline_key = flipped.pipeline_key
            and entries.previous_stage_key = flipped.previous_stage_key
            and entries.stage_key = flipped.stage_key
            and entries.actor_key = flipped.actor_key
            and {{ dbt.date_trunc('hour', 'entries.occurred_at') }} = flipped.hour_at
),
{%- else -%}
moved as (
    select opportunity_key
    from entries
    where false
),
{%- endif %}

final as (
    select opportunity_key
    from changed
    union
    select opportunity_key
    from moved
)

select * from final
