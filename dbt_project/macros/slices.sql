{#-
    The dimensions by which sliced marts cut their numbers, and how a grouped row names its slice.
    One pass with grouping sets serves all slices; the `all` slice is always among them.
-#}

{% macro slice_dimensions() -%}
    {{ return(['owner', 'lead_source', 'segment', 'opportunity_type', 'account_industry']) }}
{%- endmacro %}

{#- `group by` over all slices. Each dimension is a column of that name, never NULL. -#}
{% macro group_by_slices(columns) -%}
    group by grouping sets (
        ({{ columns | join(', ') }})
        {%- for dimension in slice_dimensions() %},
        ({{ columns | join(', ') }}, {{ dimension }})
        {%- endfor %}
    )
{%- endmacro %}

{#- The columns `dimension` and `dimension_value` of a row grouped by slices. -#}
{% macro slice_columns() -%}
    case
        {%- for dimension in slice_dimensions() %}
        when grouping({{ dimension }}) = 0 then '{{ dimension }}'
        {%- endfor %}
        else 'all'
    end as dimension,
    coalesce({{ slice_dimensions() | join(', ') }}, 'all') as dimension_value
{%- endmacro %}
