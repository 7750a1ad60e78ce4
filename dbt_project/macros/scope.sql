{#-
    Tests that follow the change. A test whose `config.meta.recomputed` names a relation, as the
    tested model does, looks in a later night only at rows of opportunities in that relation, or of
    what `config.meta.key` names instead: those that the night computed anew. In every other build it
    looks at all rows. What is left out was tested when it was computed, by the same test: another
    test or model rebuilds everything (orchestration/warehouse/seed.py).

    The relation is not a `ref`: the tested table comes from it, so that it stands when the test runs.
-#}
{% macro default__get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}
        {%- do conditions.append('(' ~ config.get('where') ~ ')') -%}
    {%- endif -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- if 'recomputed' in meta and is_later_night() -%}
        {%- set key = meta.get('key', 'opportunity_key') -%}
        {%- do conditions.append(key ~ ' in (select ' ~ key ~ ' from night.' ~ meta['recomputed'] ~ ')') -%}
    {%- endif -%}
    {%- if not conditions -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(
        '(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') as rows_in_scope'
    ) }}
{%- endmacro %}
