{#-
    Rows that several models of a later night ask for: looked for once, and kept. To find the
    rows of a few thousand opportunities means to go through the keys of all of them, which costs more
    than what is then done with these rows.

    They are kept in a database in memory that ends with the build (`this_night`, profiles.yml), so
    that nothing of them is in the candidate. A table that a later night changes in parts
    (materializations.sql) leaves there what it wrote, which is just what its readers ask for. Tests
    look at the tables themselves (scope.sql): what stands there is what is published.

    Does not belong here: which rows a night computes anew (later_nights.sql, models/intermediate/night/).
-#}

{#- What keeps the rows of a relation whose `key` is in the relation `changed`. -#}
{% macro rows_of_this_night(relation, changed, key) -%}
    {{ return(adapter.dispatch('rows_of_this_night', 'flywheel')(relation, changed, key)) }}
{%- endmacro %}

{% macro default__rows_of_this_night(relation, changed, key) -%}
    {{ return(rows_with_key_in(relation, changed, key)) }}
{%- endmacro %}

{% macro duckdb__rows_of_this_night(relation, changed, key) -%}
    {%- set kept = kept_by_this_night(relation, changed, key) -%}
    {%- do keep_rows(
        'create table if not exists ' ~ kept
        ~ ' as select * from ' ~ rows_with_key_in(relation, changed, key)
    ) -%}
    {{ return(kept) }}
{%- endmacro %}

{#- One transaction writes into one database. -#}
{% macro keep_rows(sql) -%}
    {%- do adapter.commit() -%}
    {%- call statement(auto_begin=False) -%}
    {{ sql }}
    {%- endcall -%}
{%- endmacro %}

{#- The table in memory for rows of a relation whose key is in another. -#}
{% macro kept_by_this_night(relation, changed, key) -%}
    {%- set asked = relation.identifier ~ '__' ~ key | join('__') ~ '__in__' ~ changed.identifier -%}
    {{ return(api.Relation.create(
        database='this_night', schema='main', identifier=asked, type='table'
    )) }}
{%- endmacro %}
