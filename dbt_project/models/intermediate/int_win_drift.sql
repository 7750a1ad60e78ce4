-- One row a pipeline × period of creation × slice in which enough was won to tell whether wins come
-- at the ages at which they come in the pipeline as a whole.
{{ config(materialized='ephemeral') }}
{%- set grain = ['pipeline_key', 'grain', 'period_start', 'dimension', 'dimension_value'] %}
with

ripening as (
    select * from {{ ref('int_ripening_sums') }}
),

periods as (
    {% for grain, start in [
        ('all', 'cast(null as date)'),
        ('month', 'metric_month'),
        ('quarter', quarter_of('metric_month')),
    ] %}
    select
        '{{ grain }}' as grain,
        {{ start }} as period_start,
        *
    from ripening
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

summed as (
    select
        {% for measure in drift_measures() -%}
        sum({{ measure }}) as {{ measure }},
        {% endfor -%}
        {{ grain | join(', ') }}
    from periods
    group by {{ grain | join(', ') }}
),

final as (
    {{ drift_of('summed', grain) }}
)

select * from final
