{#-
    The dimensions by which sliced marts cut their numbers, and how a grouped row names its slice.
    One pass with grouping sets serves all slices; the `all` slice is always among them.
-#}

{% macro slice_dimensions() -%}
    {{ return(['owner', 'lead_source', 'segment', 'opportunity_type', 'account_industry']) }}
{%- endmacro %}

{#- Those of a lead: of its account only the ones that were converted know anything. -#}
{% macro lead_slice_dimensions() -%}
    {{ return(['owner', 'lead_source', 'campaign']) }}
{%- endmacro %}

{#- `group by` over all slices. Each dimension is a column of that name, never NULL. -#}
{% macro group_by_slices(columns, dimensions=none) -%}
    group by grouping sets (
        ({{ columns | join(', ') }})
        {%- for dimension in dimensions or slice_dimensions() %},
        ({{ columns | join(', ') }}, {{ dimension }})
        {%- endfor %}
    )
{%- endmacro %}

{#- The columns `dimension` and `dimension_value` of a row grouped by slices. -#}
{% macro slice_columns(dimensions=none) -%}
    {%- set dimensions = dimensions or slice_dimensions() -%}
    case
        {%- for dimension in dimensions %}
        when grouping({{ dimension }}) = 0 then '{{ dimension }}'
        {%- endfor %}
        else 'all'
    end as dimension,
    coalesce({{ dimensions | join(', ') }}, 'all') as dimension_value
{%- endmacro %}
