{#-
    How many rows bronze holds of every object, and of how many records where reconciliation asks.

    A macro, because the list of objects follows from the contracts: dbt sees a source as a parent
    of a model only where the model is made from it.
-#}
{% macro bronze_row_counts() -%}
    {%- for source_name, object_name, key in bronze_objects() %}
    select
        _source as source_system,
        '{{ object_name }}' as object_name,
        count(*) as row_count,
        {{ 'count(distinct ' ~ key ~ ')' if key else 'cast(null as bigint)' }} as record_count
    from {{ source(source_name, object_name) }}
    group by _source
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
