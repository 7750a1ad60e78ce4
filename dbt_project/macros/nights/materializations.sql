{#-
    How tables come to stand in DuckDB. Nobody reads a candidate while it is built, and one in which
    a model failed is thrown away (orchestration/warehouse/build.py). So a table is replaced where it
    stands, in as few statements as it takes: dbt-duckdb's own materializations build each table
    beside the old one, swap the two by name and ask for columns over and over, a dozen statements a
    table, which cost most of a night in which little changed. Other engines keep their adapter's own.

    No transaction is begun: each statement holds at once. Macros of dbt that look at relations may
    have begun one all the same; `adapter.commit` ends that.

    Does not belong here: which rows of a table a later night computes anew (later_nights.sql).
-#}

{% materialization table, adapter='duckdb' -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_every(pre_hooks) }}
    {%- do replace_table(target_relation) -%}
    {{ run_every(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}

{#- A later night computes in parts what its copy of the version before holds; else all is new. -#}
{% materialization incremental, adapter='duckdb' -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set known = load_cached_relation(this) -%}
    {{ run_every(pre_hooks) }}
    {%- if known is not none and known.is_table and is_later_night() -%}
        {%- do change_table(target_relation) -%}
    {%- else -%}
        {%- do replace_table(target_relation) -%}
    {%- endif -%}
    {{ run_every(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}

{#- Hooks inside a transaction and outside: there is none to be in. -#}
{% macro run_every(hooks) -%}
    {{ run_hooks(hooks, inside_transaction=False) }}
    {{ run_hooks(hooks, inside_transaction=True) }}
{%- endmacro %}

{% macro replace_table(target_relation) -%}
    {%- set known = load_cached_relation(this) -%}
    {%- if known is not none and not known.is_table -%}
        {%- do adapter.drop_relation(known) -%}
    {%- endif -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- if has_contract -%}
        {%- do refuse_other_columns(compiled_code) -%}
    {%- endif -%}
    {%- call statement('main', auto_begin=False) %}
    {%- if has_contract %}
    create or replace table {{ target_relation }} {{ get_table_columns_and_constraints() }};
    insert into {{ target_relation }} {{ get_column_names() }} (
        {{ get_select_subquery(compiled_code) }}
    );
    {{ comments_on(target_relation) }}
    {%- else %}
    create or replace table {{ target_relation }} as (
        {{ compiled_code }}
    );
    {%- endif %}
    {%- endcall -%}
{%- endmacro %}

{% macro change_table(target_relation) -%}
    {%- set keys = config.get('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set outdated = (config.get('meta') or {}).get('recomputed') -%}
    {%- set fresh = kept_by_this_night(this, ref(outdated) if outdated else this, keys) -%}
    {%- do keep_rows('create or replace table ' ~ fresh ~ ' as (' ~ compiled_code ~ '\n)') -%}
    {%- set columns = adapter.get_column_schema_from_query('from ' ~ fresh) -%}
    {%- set are_alike = columns == adapter.get_column_schema_from_query('from ' ~ target_relation) -%}
    {%- if not are_alike -%}
        {%- do process_schema_changes(config.get('on_schema_change'), fresh, target_relation) -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
    {%- call statement('main', auto_begin=False) %}
    {{ recompute(target_relation, fresh, columns | map(attribute='quoted') | join(', ')) }};
    {{ tell_written(target_relation, fresh) }};
    {%- if not outdated or not are_alike %}
    drop table {{ fresh }};
    {%- endif %}
    {%- endcall -%}
{%- endmacro %}

{#-
    Which rows a later night wrote into a table that it changed in parts: they are the last ones of
    it, as many as told, and the gate knows them again by the hashes of their keys (written.py in
    orchestration/gate/). `outdated` is the relation of the keys whose rows were all replaced.
-#}
{% macro tell_written(target_relation, fresh) -%}
    {%- set keys = config.get('unique_key') -%}
    {%- set keys = keys if keys is string else keys | join(', ') -%}
    {%- set meta = config.get('meta') or {} -%}
    insert into ops.written_rows
    select
        '{{ target_relation.schema }}.{{ target_relation.identifier }}' as table_name,
        '{{ keys }}' as key_columns,
        '{{ meta.get('recomputed', '') }}' as outdated,
        count(*) as row_count,
        coalesce(sum(hash({{ keys }})), 0) as key_hashes
    from {{ fresh }}
    {%- if 'sums' in meta %}
    where not ({{ is_nothing(meta['sums']) }})
    {%- endif %}
{%- endmacro %}

{#-
    What dbt's contract asks of a query: the names and types of its columns, in any order. Types that
    are spelled as DuckDB spells them are compared here, in one statement; when something differs dbt
    compares for itself and says what.
-#}
{% macro refuse_other_columns(sql) -%}
    {%- set found = [] -%}
    {%- for column in adapter.get_column_schema_from_query(get_empty_subquery_sql(sql)) -%}
        {%- do found.append(column.name ~ ' ' ~ (column.dtype | lower)) -%}
    {%- endfor -%}
    {%- set agreed = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do agreed.append(column.name ~ ' ' ~ (column.data_type | lower)) -%}
    {%- endfor -%}
    {%- if found | sort != agreed | sort -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}
{%- endmacro %}

{#- Grain, meaning and unit, as `persist_docs` asks for them, of a table that has a contract. -#}
{% macro comments_on(relation) -%}
    {%- if config.persist_relation_docs() and model.description %}
    {{ alter_relation_comment(relation, model.description) }}
    {%- endif %}
    {%- if config.persist_column_docs() %}
    {%- for column in model.columns.values() if column.description %}
    comment on column {{ relation }}.{{ column.name }} is {{ duckdb_escape_comment(column.description) }};
    {%- endfor %}
    {%- endif %}
{%- endmacro %}
