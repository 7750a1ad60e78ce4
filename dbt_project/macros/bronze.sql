{#-
    How many rows bronze holds of every object, and of how many records where reconciliation asks.

    A macro, because the list of objects follows from the contracts: dbt sees a source as a parent
    of a model only where the model is made from it.
-#}

{#- Of all of bronze; in a later night of what is new to it, and of the records those not yet known. -#}
{% macro bronze_row_counts() -%}
    {%- for source_name, object_name, key in bronze_objects() %}
    select
        delivered._source as source_system,
        '{{ object_name }}' as object_name,
        count(*) as row_count,
        {{ new_record_count(source_name, key) if key else 'cast(null as bigint)' }} as record_count
    from {{ bronze(source_name, object_name) }} as delivered
    group by delivered._source
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- Objects that have a key here are those of opportunities, whatever a CRM calls them. -#}
{% macro new_record_count(source_name, key) -%}
    count(
        distinct
        {%- if is_later_night() %}
        case
            when (delivered._source, delivered.{{ key }}) not in (
                select
                    source_system,
                    opportunity_id
                from {{ before_this_night('staging', 'stg_' ~ source_name ~ '__opportunities') }}
            )
                then delivered.{{ key }}
        end
        {%- else %}
        delivered.{{ key }}
        {%- endif %}
    )
{%- endmacro %}
