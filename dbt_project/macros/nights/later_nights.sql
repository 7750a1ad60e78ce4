{#-
    Nights that work on what changed. A later night is one whose candidate began as a copy of the
    published version (orchestration/warehouse/seed.py): it reads only bronze files that the copy
    does not hold, and computes only opportunities and months that they touch. Every other build
    reads all of bronze. Both must give the same tables.

    Does not belong here: which records a night's loads concern (new_loads.sql).
-#}

{% macro is_later_night() -%}
    {{ return(execute and adapter.get_relation(target.database, 'ops', 'new_loads') is not none) }}
{%- endmacro %}

{#- Bronze rows of an object: those that are new to a later night, else all there are. -#}
{% macro bronze(source_name, object_name) -%}
    {%- set everything = source(source_name, object_name) -%}
    {%- set new = 'new_bronze.' ~ source_name ~ '__' ~ object_name -%}
    {{ return(new if is_later_night() else everything) }}
{%- endmacro %}

{#- A small table as it was in the version before; only there in a later night. -#}
{% macro previous(model) -%}
    previous.{{ model }}
{%- endmacro %}

{#- A table of this very build as it was before it, to be read by what runs before it is changed. -#}
{% macro before_this_night(schema, model) -%}
    {{ schema }}.{{ model }}
{%- endmacro %}

{#-
    A table to be read from: in a later night only its rows of opportunities that the night computes
    anew. Not for views and ephemeral models. What only one model asks for is not kept, so that no
    column is read but those that it needs.
-#}
{% macro changed_rows(
    relation, changed='int_changed_opportunities', key=['opportunity_key'], is_kept=true
) -%}
    {%- set changed = ref(changed) -%}
    {%- if is_later_night() and is_kept -%}
        {{ rows_of_this_night(relation, changed, key) }}
    {%- elif is_later_night() -%}
        {{ rows_with_key_in(relation, changed, key) }}
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- Rows of a table whose key is in another, as something to be read from. -#}
{% macro rows_with_key_in(relation, keys, key) -%}
    {{ return(adapter.dispatch('rows_with_key_in', 'flywheel')(relation, keys, key)) }}
{%- endmacro %}

{#- The keys are looked through first: the other columns are read of the rows that were found. -#}
{% macro default__rows_with_key_in(relation, keys, key) -%}
    (
        select *
        from {{ relation }}
        where
            rowid in (
                select known.rowid
                from {{ relation }} as known
                where exists (
                    select 1
                    from {{ keys }} as wanted
                    where
                        {{ have_one_key('known', 'wanted', key) }}
                )
            )
    ) as rows_found
{%- endmacro %}

{#-
    How a later night changes a table that is computed anew in parts (materializations.sql). Rows go
    out whose `unique_key` is in the relation `meta.recomputed`, or without one in the new rows
    themselves; then the new rows come in, but for those in which all of `meta.sums` are 0.

    A new row that was not to be computed anew would stand beside its old self, where no check looks
    that follows the change (scope.sql, expectations/README.md): it breaks the build.
-#}
{% macro recompute(target, fresh, columns) -%}
    {{ return(adapter.dispatch('recompute', 'flywheel')(target, fresh, columns)) }}
{%- endmacro %}

{% macro default__recompute(target, fresh, columns) -%}
    {%- set keys = config.get('unique_key') -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set meta = config.get('meta') or {} -%}
    {%- set outdated = ref(meta['recomputed']) if 'recomputed' in meta else fresh -%}
    {%- if 'recomputed' in meta %}
    {{ refuse_strays(target, fresh, outdated, keys) }};
    {%- endif %}
    delete from {{ target }}
    where exists (
        select 1
        from {{ outdated }} as outdated
        where
            {{ have_one_key(target, 'outdated', keys) }}
    );
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ fresh }}
    {%- if 'sums' in meta %}
    where not ({{ is_nothing(meta['sums']) }})
    {%- endif %}
{%- endmacro %}

{% macro have_one_key(left, right, keys) -%}
    {%- for key in keys -%}
    {{ left }}.{{ key }} is not distinct from {{ right }}.{{ key }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro refuse_strays(target, fresh, outdated, keys) -%}
    select
        case
            when count(*) > 0
                then
                    error(
                        count(*) || ' new rows of {{ target }} are of none that was to be computed anew'
                    )
        end
    from {{ fresh }} as fresh
    where not exists (
        select 1
        from {{ outdated }} as outdated
        where
            {{ have_one_key('fresh', 'outdated', keys) }}
    )
{%- endmacro %}

{#- The same of rows that have no key of ours yet. -#}
{% macro only_changed_records(
    changed='int_changed_opportunities', word='where', id='opportunity_id'
) -%}
    {%- set relation = ref(changed) -%}
    {%- if is_later_night() -%}
        {{ word }} (source_system, {{ id }}) in (
            select
                source_system,
                {{ id }}
            from {{ relation }}
        )
    {%- endif -%}
{%- endmacro %}

{#-
    Rows of a table of this build as they were before it, of the opportunities that are computed
    anew. To be read by what runs before the table is changed: the table's model must depend on it.
-#}
{% macro left_by_changed(schema, model) -%}
    {%- set before = before_this_night(schema, model) -%}
    select * from {{ rows_with_key_in(before, 'changed', ['opportunity_key']) }}
{%- endmacro %}

{#-
    Sums by some grain that follow the change: what they were, less what the changed opportunities
    had added to them, and what these add now. `fresh` and `left` are CTEs with the grain and the
    measures; the first build has only `fresh`. Rows in which every measure is 0 go out.
-#}
{% macro sums_that_follow(fresh, left, grain, measures) -%}
    {%- if is_later_night() %}
    select
        {{ grain | join(', ') }},
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select {{ (grain + measures) | join(', ') }} from {{ fresh }}
        union all
        select
            {{ grain | join(', ') }},
            {%- for measure in measures %}
            -{{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ left }}
        union all
        select {{ (grain + measures) | join(', ') }}
        from {{ this }} as known
        where exists (
            select 1
            from (
                select {{ grain | join(', ') }} from {{ fresh }}
                union
                select {{ grain | join(', ') }} from {{ left }}
            ) as touched
            where
                {%- for column in grain %}
                known.{{ column }} is not distinct from touched.{{ column }}{{ ' and' if not loop.last }}
                {%- endfor %}
        )
    ) as parts
    group by {{ grain | join(', ') }}
    {%- else %}
    select {{ (grain + measures) | join(', ') }}
    from {{ fresh }}
    where not ({{ is_nothing(measures) }})
    {%- endif %}
{%- endmacro %}

{% macro is_nothing(measures) -%}
    {%- for measure in measures -%}
    {{ measure }} = 0{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
