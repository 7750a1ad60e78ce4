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
        {%- if not key %}
        cast(null as bigint) as record_count
        {%- elif is_later_night() %}
        count(distinct case when known.opportunity_id is null then delivered.{{ key }} end)
            as record_count
        {%- else %}
        count(distinct delivered.{{ key }}) as record_count
        {%- endif %}
    from {{ bronze(source_name, object_name) }} as delivered
    {%- if key and is_later_night() %}
    -- Whatever a CRM calls them, these are opportunities: as they stood before they are computed.
    left join {{ before_this_night('intermediate', 'int_opportunities') }} as known
        on
            delivered._source = known.source_system
            and delivered.{{ key }} = known.opportunity_id
    {%- endif %}
    group by delivered._source
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
