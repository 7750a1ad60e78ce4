{#-
    Rows of the metrics that the model's `meta` defines (models/marts/metrics/_metric_registry.yml),
    as text but for what is a flag.
-#}
{% macro registered_metrics() -%}
    {%- set columns = {
        'metric_id': 'id', 'metric_name': 'name', 'formula': 'formula',
        'population': 'population', 'clock': 'clock', 'dated_by': 'dated_by', 'unit': 'unit',
        'mart_name': 'mart', 'column_name': 'column', 'row_filter': 'where',
        'numerator_column': 'numerator', 'denominator_column': 'denominator',
        'interval_method': 'interval', 'origin': 'origin',
    } -%}
    {%- for metric in (config.get('meta') or {}).get('metrics', []) %}
    select
        {%- for column, key in columns.items() %}
        {{ _text(metric.get(key)) }} as {{ column }},
        {%- endfor %}
        {{ metric.get('adds_up', true) | lower }} as adds_up
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro _text(words) -%}
    {%- if words is none -%}
    cast(null as varchar)
    {%- else -%}
    cast({{ dbt.string_literal(dbt.escape_single_quotes(words)) }} as varchar)
    {%- endif -%}
{%- endmacro %}
