{#-
    What staging makes of texts that no contract could type: lists within a field, values of any
    property, columns that only some portals have.
-#}

{#- First and last name; NULL where there is neither. -#}
{% macro full_name(first_name, last_name) -%}
    nullif(trim(coalesce({{ first_name }}, '') || ' ' || coalesce({{ last_name }}, '')), '')
{%- endmacro %}

{#- The value, or NULL where the text is none of that type. -#}
{% macro try_cast(text, type) -%}
    {{ return(adapter.dispatch('try_cast', 'flywheel')(text, type)) }}
{%- endmacro %}

{% macro default__try_cast(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{#-
    An instant of UTC in ISO 8601 or in milliseconds since 1970; NULL where it is neither, or in a year
    that nobody means (orchestration/bronze/values.py refuses the same ones).
-#}
{% macro instant_of(text) -%}
    {{ return(adapter.dispatch('instant_of', 'flywheel')(text)) }}
{%- endmacro %}

{% macro default__instant_of(text) -%}
    {%- set milliseconds = 'try_cast(' ~ text ~ ' as bigint)' -%}
    {%- set moment = 'try_cast(' ~ text ~ ' as timestamp)' -%}
    coalesce(
        make_timestamp(
            case
                when {{ milliseconds }} between
                    epoch_ms(timestamp '1900-01-01') and epoch_ms(timestamp '2199-12-31 23:59:59.999')
                    then {{ milliseconds }}
            end * 1000
        ),
        case
            when {{ moment }} >= timestamp '1900-01-01' and {{ moment }} < timestamp '2200-01-01'
                then {{ moment }}
        end
    )
{%- endmacro %}

{#- Milliseconds since 1970, as text: the instant as part of a name. -#}
{% macro milliseconds_text(instant) -%}
    {{ return(adapter.dispatch('milliseconds_text', 'flywheel')(instant)) }}
{%- endmacro %}

{% macro default__milliseconds_text(instant) -%}
    cast(epoch_ms({{ instant }}) as varchar)
{%- endmacro %}

{#- `columns` of a relation, once for each part of a list written as `1;2;3`. -#}
{% macro split_list(relation, columns, list, part) -%}
    {{ return(adapter.dispatch('split_list', 'flywheel')(relation, columns, list, part)) }}
{%- endmacro %}

{% macro default__split_list(relation, columns, list, part) -%}
    select *
    from (
        select
            {{ columns | join(', ') }},
            unnest(string_split(replace({{ list }}, ' ', ''), ';')) as {{ part }}
        from {{ relation }}
    ) as parts
    where {{ part }} <> ''
{%- endmacro %}

{#- `columns` of a relation, once for each match of the first group of a pattern in a text. -#}
{% macro split_matches(relation, columns, text, pattern, part) -%}
    {{ return(adapter.dispatch('split_matches', 'flywheel')(relation, columns, text, pattern, part)) }}
{%- endmacro %}

{% macro default__split_matches(relation, columns, text, pattern, part) -%}
    select
        {{ columns | join(', ') }},
        unnest(regexp_extract_all({{ text }}, '{{ pattern }}', 1)) as {{ part }}
    from {{ relation }}
{%- endmacro %}

{#- The first group of the first match of a pattern, or NULL. -#}
{% macro first_match(text, pattern) -%}
    {{ return(adapter.dispatch('first_match', 'flywheel')(text, pattern)) }}
{%- endmacro %}

{% macro default__first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{#- `columns` of a relation, once for each of some text columns: its name and its value. -#}
{% macro unpivot(relation, columns, named, name, value) -%}
    {{ return(adapter.dispatch('unpivot', 'flywheel')(relation, columns, named, name, value)) }}
{%- endmacro %}

{% macro default__unpivot(relation, columns, named, name, value) -%}
    select
        {{ columns | join(', ') }},
        unnest(['{{ named | join("', '") }}']) as {{ name }},
        unnest([{{ named | join(', ') }}]) as {{ value }}
    from {{ relation }}
{%- endmacro %}

{#- The last value that is not NULL, of all rows up to the instant and at it. -#}
{% macro last_known(value, partition, instant) -%}
    {{ return(adapter.dispatch('last_known', 'flywheel')(value, partition, instant)) }}
{%- endmacro %}

{% macro default__last_known(value, partition, instant) -%}
    last_value({{ value }} ignore nulls) over (
        partition by {{ partition }}
        order by {{ instant }}
        range between unbounded preceding and current row
    )
{%- endmacro %}

{#- A text as bronze makes a column name of it. -#}
{% macro column_name_of(text) -%}
    {{ return(adapter.dispatch('column_name_of', 'flywheel')(text)) }}
{%- endmacro %}

{% macro default__column_name_of(text) -%}
    substr(regexp_replace(lower({{ text }}), '[^a-z0-9_]+', '_', 'g'), 1, 100)
{%- endmacro %}

{#- Columns that the files of a source really have; none while the project is only parsed. -#}
{% macro columns_of_files(relation) -%}
    {{ return(adapter.dispatch('columns_of_files', 'flywheel')(relation)) }}
{%- endmacro %}

{% macro default__columns_of_files(relation) -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(run_query('describe select * from ' ~ relation).columns[0].values() | list) }}
{%- endmacro %}

{#- A whole number below 100 as two digits, so that texts sort as numbers do. -#}
{% macro two_digits(number) -%}
    lpad(cast({{ number }} as varchar), 2, '0')
{%- endmacro %}

{#- Salesforce's own names of forecast categories in the words that people see. -#}
{% macro forecast_category_name(category) -%}
    case {{ category }}
        when 'BestCase' then 'Best Case'
        when 'MostLikely' then 'Most Likely'
        when 'Forecast' then 'Commit'
        else {{ category }}
    end
{%- endmacro %}
