{#-
    Tests that follow the change. A test whose `config.meta.recomputed` names a relation, as the
    tested model does, looks in a later night only at rows of opportunities in that relation, or of
    what `config.meta.key` names instead: those that the night computed anew. In every other build it
    looks at all rows. What is left out was tested when it was computed, by the same test: another
    test or model rebuilds everything (orchestration/warehouse/seed.py).

    A reference breaks from its other end, too. Where the table that it points at is itself changed in
    parts, `config.meta.other_end` says so: `column` is the reference, `table` what it points at, by a
    column of the same name, and `recomputed` what is computed anew there. Then all rows that point at
    what went away are looked at as well.

    The relations are no `ref`: the tested table comes from them, so that they stand when the test
    runs.
-#}
{% macro default__get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}
        {%- do conditions.append('(' ~ config.get('where') ~ ')') -%}
    {%- endif -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- if 'recomputed' in meta and is_later_night() -%}
        {%- set key = meta.get('key', 'opportunity_key') -%}
        {%- set is_a_reference = model.test_metadata.name == 'relationships' -%}
        {%- set place = seen_by_tests(relation, meta['recomputed']) if is_a_reference else relation -%}
        {%- set anew = 'select ' ~ key ~ ' from ' ~ of_this_night(meta['recomputed']) -%}
        {%- set followed = key ~ ' in (' ~ anew ~ ')' -%}
        {%- set rows = rows_where(place, conditions + [followed]) -%}
        {%- if 'other_end' in meta -%}
            {%- set rows = rows ~ ' union all '
                ~ rows_where(
                    relation, conditions + [points_at_nothing(meta['other_end']), 'not ' ~ followed]
                ) -%}
        {%- endif -%}
        {{ return('(' ~ rows ~ ') as rows_in_scope') }}
    {%- endif -%}
    {%- if not conditions -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return('(' ~ rows_where(relation, conditions) ~ ') as rows_in_scope') }}
{%- endmacro %}

{% macro rows_where(relation, conditions) -%}
    {{ return('select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ')) }}
{%- endmacro %}

{% macro of_this_night(relation) -%}
    {{ return(target.database ~ '.night.' ~ relation) }}
{%- endmacro %}

{#- What is true of rows whose reference was computed anew, and is not there any more. -#}
{% macro points_at_nothing(other_end) -%}
    {%- set key = other_end['column'] -%}
    {%- set asked = 'select ' ~ key ~ ' from ' ~ of_this_night(other_end['recomputed']) -%}
    {{ return(
        key ~ ' in (' ~ asked ~ ' except select ' ~ key ~ ' from ' ~ ref(other_end['table'])
        ~ ' where ' ~ key ~ ' in (' ~ asked ~ '))'
    ) }}
{%- endmacro %}

{#-
    dbt's own test of a reference, but that a later night looks for the few keys that it asks about: in
    what it computed anew, where the reference is by the key of that, else by going through the other
    table once, in place of hashing all of it.
-#}
{% macro default__test_relationships(model, column_name, to, field) -%}
{%- set meta = config.get('meta') or {} -%}
{%- set follows = 'recomputed' in meta and is_later_night() -%}
{%- set is_by_key = field == meta.get('key', 'opportunity_key') -%}
with child as (
    select {{ column_name }} as from_field
    from {{ model }}
    where {{ column_name }} is not null
),

parent as (
    select {{ field }} as to_field
    from {{ seen_by_tests(to, meta['recomputed']) if follows and is_by_key else to }}
    {%- if follows and not is_by_key %}
    where {{ field }} in (select from_field from child)
    {%- endif %}
)

select child.from_field
from child
left join parent on child.from_field = parent.to_field
where parent.to_field is null
{%- endmacro %}
