{#-
    Time arithmetic that must not differ between engines (durations from instants, months by
    calendar). What only DuckDB says this way stands behind a dispatched macro.
-#}

{#- Days between two instants, as DOUBLE. -#}
{% macro days_between(from_at, to_at) -%}
    {{ return(adapter.dispatch('days_between', 'flywheel')(from_at, to_at)) }}
{%- endmacro %}

{% macro default__days_between(from_at, to_at) -%}
    ((epoch_us({{ to_at }}) - epoch_us({{ from_at }})) / 86400000000.0)
{%- endmacro %}

{#- The calendar day of an instant in the business time zone. -#}
{% macro business_date(instant) -%}
    cast({{ instant }} as date)
{%- endmacro %}

{#- First day of the month of a date or instant. -#}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{#- First day of the quarter of a date or instant. -#}
{% macro quarter_of(day) -%}
    cast({{ dbt.date_trunc('quarter', day) }} as date)
{%- endmacro %}

{#- A date some months later; the 31st becomes the last day of a shorter month. -#}
{% macro add_months(day, months) -%}
    cast({{ dbt.dateadd('month', months, day) }} as date)
{%- endmacro %}

{#- The second in which an instant lies: events within it have no order of their own. -#}
{% macro second_of(instant) -%}
    {{ dbt.date_trunc('second', instant) }}
{%- endmacro %}

{#- All days from one date to another, both included, as `date_day`. -#}
{% macro days_from_to(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_from_to', 'flywheel')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_from_to(first_day, last_day) -%}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date) as date_day
{%- endmacro %}

{#- Whole numbers from 0 to a maximum, as `number`. -#}
{% macro numbers_to(last) -%}
    {{ return(adapter.dispatch('numbers_to', 'flywheel')(last)) }}
{%- endmacro %}

{% macro default__numbers_to(last) -%}
    select cast(unnest(generate_series(0, {{ last }})) as integer) as number
{%- endmacro %}
