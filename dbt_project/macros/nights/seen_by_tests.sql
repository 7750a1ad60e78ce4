{#-
    Where a test of a reference that follows the change looks (scope.sql): at a database in memory in
    which tables and views are as in the candidate for what a later night computed anew; of all else
    rows may be missing, or be there. To find the rows of a few thousand opportunities by their keys
    means to go through the keys of all of them, for each test anew; here the rows are those at the
    end of the table, where the night puts them. As at the gate, which looks at the finished file in
    the same way (orchestration/gate/written.py), they are believed to be these rows only if the
    hashes of their keys come to what was written; else the view shows the whole table.

    Not for tests of keys: a row that the night left behind stands elsewhere, and is found there only.

    Does not belong here: which rows a test asks about (scope.sql).
-#}

{% macro seen_by_tests(relation, recomputed) -%}
    {{ return(adapter.dispatch('seen_by_tests', 'flywheel')(relation, recomputed)) }}
{%- endmacro %}

{% macro default__seen_by_tests(relation, recomputed) -%}
    {{ return(relation) }}
{%- endmacro %}

{% macro duckdb__seen_by_tests(relation, recomputed) -%}
    {%- set seen = api.Relation.create(
        database='tests_of_' ~ recomputed,
        schema=relation.schema,
        identifier=relation.identifier,
        type='view'
    ) -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ relation.identifier] -%}
    {%- do let_see(seen, node, recomputed) -%}
    {{ return(seen) }}
{%- endmacro %}

{#- A view of a model in the database of `seen`, and before it of all models that it reads. -#}
{% macro let_see(seen, node, recomputed) -%}
    {%- set is_there = run_query(
        "select 1 from duckdb_views() where database_name = '" ~ seen.database
        ~ "' and schema_name = '" ~ seen.schema ~ "' and view_name = '" ~ seen.identifier ~ "'"
    ).rows -%}
    {%- if not is_there -%}
        {%- do keep_rows(
            "attach if not exists ':memory:' as " ~ seen.database
            ~ '; create schema if not exists ' ~ seen.database ~ '.' ~ seen.schema
        ) -%}
        {%- if node.config.materialized == 'view' -%}
            {%- do let_see_all(seen, node, recomputed) -%}
            {%- set definition = run_query(
                "select sql from duckdb_views() where database_name = current_database()"
                ~ " and schema_name = '" ~ seen.schema ~ "' and view_name = '" ~ seen.identifier ~ "'"
            ).rows[0][0] -%}
            {#- A view finds what it reads in the database that it is in. -#}
            {%- do keep_rows('use ' ~ seen.database ~ '; ' ~ definition ~ '; use ' ~ target.database) -%}
        {%- else -%}
            {%- set whole = api.Relation.create(
                database=target.database, schema=seen.schema, identifier=seen.identifier
            ) -%}
            {%- do keep_rows(
                'create view ' ~ seen ~ ' as select * from ' ~ whole
                ~ ' where ' ~ was_written_for(whole, recomputed)
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- What a model reads, through what is no relation of its own. -#}
{% macro let_see_all(seen, node, recomputed) -%}
    {%- for id in node.depends_on.nodes if id in graph.nodes -%}
        {%- set read = graph.nodes[id] -%}
        {%- if read.config.materialized == 'ephemeral' -%}
            {%- do let_see_all(seen, read, recomputed) -%}
        {%- else -%}
            {%- do let_see(
                api.Relation.create(
                    database=seen.database, schema=read.schema, identifier=read.name, type='view'
                ),
                read,
                recomputed
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- What is true of the rows of a table that this night wrote for all keys in `recomputed`. -#}
{% macro was_written_for(table, recomputed) -%}
    {%- set told = run_query(
        'select key_columns, cast(key_hashes as varchar), row_count,'
        ~ ' (select coalesce(max(rowid), -1) from ' ~ table ~ ')'
        ~ " from ops.written_rows where table_name = '" ~ table.schema ~ '.' ~ table.identifier
        ~ "' and outdated = '" ~ recomputed ~ "'"
    ).rows -%}
    {%- if not told -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set keys, hashes, count, last = told[0] -%}
    {%- set condition = 'rowid > ' ~ (last - count) -%}
    {%- set is_proved = run_query(
        'select count(*) = ' ~ count ~ ' and coalesce(sum(hash(' ~ keys ~ ')), 0) = ' ~ hashes
        ~ ' from ' ~ table ~ ' where ' ~ condition
    ).rows[0][0] -%}
    {{ return(condition if is_proved else 'true') }}
{%- endmacro %}
