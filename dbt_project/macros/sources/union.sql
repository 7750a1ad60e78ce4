{#-
    Rows of several families of sources under one another, in columns that are named once. What a
    family lacks is given beside it as an expression:

        union_of(
            ['source_system', 'stage', 'is_active'],
            [
                ref('stg_salesforce__opportunity_stages'),
                {'rows': ref('stg_mapped__stages'), 'lacking': {'is_active': 'true'}},
            ],
        )
-#}
{% macro union_of(columns, relations) -%}
    {%- for relation in relations %}
    {%- set lacking = relation['lacking'] if 'lacking' in relation else {} %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        {%- for column in columns %}
        {{ lacking[column] ~ ' as ' ~ column if column in lacking else column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ relation['rows'] if 'lacking' in relation else relation }}
    {%- endfor %}
{%- endmacro %}
