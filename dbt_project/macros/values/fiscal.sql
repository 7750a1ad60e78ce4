{#-
    Fiscal periods of days, by the variables `fiscal_*`. One place for `dim_date` and for whatever
    needs the period of a day that need not be in the calendar.

    Gregorian: months of the calendar; the year starts in `fiscal_year_start_month`.
    4-4-5, 4-5-4, 5-4-4: whole weeks; each quarter has 13, in three months of so many. The year ends
    on the last day of a fiscal week: the last such day of the month before
    `fiscal_year_start_month`, or the one nearest to the end of that month (`fiscal_year_anchor`). A
    53rd week belongs to the last month.
-#}

{#- Every fiscal period of the days of a relation, one row a day: the body of a CTE. -#}
{% macro fiscal_periods(days, day) -%}
    {%- if _fiscal_setting('fiscal_calendar', ['gregorian', '4-4-5', '4-5-4', '5-4-4']) == 'gregorian' -%}
    {{ _gregorian_periods(days, day) }}
    {%- else -%}
    {{ _week_based_periods(days, day) }}
    {%- endif -%}
{%- endmacro %}

{#- A week at the edge of a year is cut by it, so that a week has one year. -#}
{% macro _gregorian_periods(days, day) -%}
    with

    placed as (
        select
            {{ day }},
            {{ _month_in_year(day) }} as month_in_year
        from {{ days }}
    ),

    started as (
        select
            *,
            {{ _year_start_of_month('month_in_year') }} as year_start
        from placed
    )

    select
        {{ day }},
        {{ _year_of_month('month_in_year') }} as fiscal_year,
        cast(extract(quarter from month_in_year) as integer) as fiscal_quarter,
        cast(extract(month from month_in_year) as integer) as fiscal_month,
        {{ _weeks_between(_fiscal_week_start('year_start'), _fiscal_week_start(day)) }} + 1
            as fiscal_week,
        year_start as fiscal_year_start_date,
        {{ add_months(quarter_of('month_in_year'), var('fiscal_year_start_month') - 1) }}
            as fiscal_quarter_start_date,
        {{ month_of(day) }} as fiscal_month_start_date,
        greatest({{ _fiscal_week_start(day) }}, year_start) as fiscal_week_start_date
    from started
{%- endmacro %}

{#-
    The week that holds the first day of the start month, or the most days around it, is the first
    one. So a week lies in the year in which its last day lies, or its middle one.
-#}
{% macro _week_based_periods(days, day) -%}
    {%- set anchor = _fiscal_setting('fiscal_year_anchor', ['last', 'nearest']) -%}
    with

    weeks as (
        select
            {{ day }},
            {{ _fiscal_week_start(day) }} as week_start
        from {{ days }}
    ),

    placed as (
        select
            *,
            {{ _month_in_year(add_days('week_start', 3 if anchor == 'nearest' else 6)) }}
                as month_in_year
        from weeks
    ),

    started as (
        select
            *,
            {{ _fiscal_week_start(add_days(
                _year_start_of_month('month_in_year'), 3 if anchor == 'nearest' else 0
            )) }} as year_start
        from placed
    ),

    counted as (
        select
            *,
            {{ _weeks_between('year_start', 'week_start') }} + 1 as fiscal_week
        from started
    )

    select
        {{ day }},
        {{ _year_of_month('month_in_year') }} as fiscal_year,
        {{ _by_week([13, 13, 13, 13], 'number') }} as fiscal_quarter,
        {{ _by_week(_weeks_of_months(), 'number') }} as fiscal_month,
        fiscal_week,
        year_start as fiscal_year_start_date,
        {{ _by_week([13, 13, 13, 13], 'first_day') }} as fiscal_quarter_start_date,
        {{ _by_week(_weeks_of_months(), 'first_day') }} as fiscal_month_start_date,
        week_start as fiscal_week_start_date
    from counted
{%- endmacro %}

{#- How many weeks each month of the year has: 4-4-5 four times over. -#}
{% macro _weeks_of_months() -%}
    {{ return((var('fiscal_calendar').split('-') | map('int') | list) * 4) }}
{%- endmacro %}

{#- The number or the first day of the period that holds `fiscal_week`; the last one has no end. -#}
{% macro _by_week(weeks_of_periods, what) -%}
    case
        {%- for weeks in weeks_of_periods %}
        {%- set weeks_before = weeks_of_periods[:loop.index0] | sum %}
        {{ 'else' if loop.last else 'when fiscal_week <= ' ~ (weeks_before + weeks) ~ ' then' }}
        {{ loop.index if what == 'number' else add_days('year_start', 7 * weeks_before) }}
        {%- endfor %}
    end
{%- endmacro %}

{#- The month of a day, moved so that the first month of the fiscal year is a January. -#}
{% macro _month_in_year(day) -%}
    {{ add_months(month_of(day), 1 - var('fiscal_year_start_month')) }}
{%- endmacro %}

{#- First day of the fiscal year's first calendar month. -#}
{% macro _year_start_of_month(month_in_year) -%}
    {{ add_months(dbt.date_trunc('year', month_in_year), var('fiscal_year_start_month') - 1) }}
{%- endmacro %}

{#- The calendar year in which the first or the last month of the fiscal year lies. -#}
{% macro _year_of_month(month_in_year) -%}
    {%- set is_named_by_end = _fiscal_setting('fiscal_year_named_by', ['end', 'start']) == 'end' -%}
    cast(extract(year from {{ month_in_year }}) as integer)
    {%- if is_named_by_end and var('fiscal_year_start_month') > 1 %} + 1{% endif %}
{%- endmacro %}

{#- First day of the fiscal week; by way of the calendar's week, which starts on a Monday. -#}
{% macro _fiscal_week_start(day) -%}
    {%- set days_after_monday = var('fiscal_week_start') - 1 -%}
    {%- if days_after_monday == 0 -%}
    cast({{ dbt.date_trunc('week', day) }} as date)
    {%- else -%}
    {{ add_days(
        dbt.date_trunc('week', add_days(day, -days_after_monday)), days_after_monday
    ) }}
    {%- endif -%}
{%- endmacro %}

{#- Whole weeks between two first days of weeks. -#}
{% macro _weeks_between(from_week, to_week) -%}
    cast({{ dbt.datediff(from_week, to_week, 'day') }} / 7 as integer)
{%- endmacro %}

{#- A variable that is one of several words; a typing error must not become a calendar of its own. -#}
{% macro _fiscal_setting(name, words) -%}
    {%- if var(name) not in words -%}
        {{ exceptions.raise_compiler_error(
            'the variable ' ~ name ~ ' is ' ~ words | join(' or ') ~ ', not ' ~ var(name)
        ) }}
    {%- endif -%}
    {{ return(var(name)) }}
{%- endmacro %}
