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

{#- The instant some days, fractions of a day included, before another. -#}
{% macro days_before(instant, days) -%}
    {{ return(adapter.dispatch('days_before', 'flywheel')(instant, days)) }}
{%- endmacro %}

{% macro default__days_before(instant, days) -%}
    make_timestamp(epoch_us({{ instant }}) - cast(floor({{ days }} * 86400000000.0) as bigint))
{%- endmacro %}

{#-
    The calendar day of an instant in the business time zone. For instants only: a day that the CRM
    keeps as a day (Salesforce's CloseDate) is never shifted.
-#}
{% macro business_date(instant) -%}
    {{ return(adapter.dispatch('business_date', 'flywheel')(instant)) }}
{%- endmacro %}

{% macro default__business_date(instant) -%}
    {%- if var('business_time_zone') == 'UTC' -%}
    cast({{ instant }} as date)
    {%- else -%}
    cast({{ _local_time(instant) }} as date)
    {%- endif -%}
{%- endmacro %}

{#-
    The instant (UTC) at which a day begins in the business time zone. Where its midnight does not
    exist or exists twice, as clocks are changed, the first instant of that day. A day that the zone
    left out as a whole begins with the next one.
-#}
{% macro start_of_day(day) -%}
    {{ return(adapter.dispatch('start_of_day', 'flywheel')(day)) }}
{%- endmacro %}

{#-
    Of a midnight that exists twice DuckDB takes the second one. The first one follows from the
    clock as it ran three hours before.
-#}
{% macro default__start_of_day(day) -%}
    {%- set midnight = 'cast(' ~ day ~ ' as timestamp)' -%}
    {%- if var('business_time_zone') == 'UTC' -%}
    {{ midnight }}
    {%- else -%}
    {%- set usual = _instant_of_local_time(midnight) -%}
    {%- set before = '(' ~ usual ~ ' - interval 3 hour)' -%}
    {%- set first = '(' ~ midnight ~ ' - (' ~ _local_time(before) ~ ' - ' ~ before ~ '))' -%}
    case
        when cast({{ _local_time(first) }} as date) = {{ day }} then least({{ first }}, {{ usual }})
        else {{ usual }}
    end
    {%- endif -%}
{%- endmacro %}

{% macro _local_time(instant) -%}
    timezone('{{ var("business_time_zone") }}', timezone('UTC', {{ instant }}))
{%- endmacro %}

{% macro _instant_of_local_time(local_time) -%}
    timezone('UTC', timezone('{{ var("business_time_zone") }}', {{ local_time }}))
{%- endmacro %}

{#- First day of the month of a date or instant. -#}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{#- First day of the quarter of a date or instant. -#}
{% macro quarter_of(day) -%}
    cast({{ dbt.date_trunc('quarter', day) }} as date)
{%- endmacro %}

{#- The day before which nothing happened: bronze takes no year before it. -#}
{% macro beginning_of_time() -%}
    cast('1900-01-01' as date)
{%- endmacro %}

{#- A date some days later. -#}
{% macro add_days(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}

{#- A date some months later; the 31st becomes the last day of a shorter month. -#}
{% macro add_months(day, months) -%}
    cast({{ dbt.dateadd('month', months, day) }} as date)
{%- endmacro %}

{#-
    The fewest whole months after one day that reach another day, never less than 0: 31 January is
    one month before 28 February.
-#}
{% macro months_to_reach(from_day, to_day) -%}
    {%- set apart -%}
        ((extract(year from {{ to_day }}) - extract(year from {{ from_day }})) * 12
        + extract(month from {{ to_day }}) - extract(month from {{ from_day }}))
    {%- endset -%}
    case
        when {{ to_day }} is not null then cast(greatest(
            {{ apart }}
            + case
                when extract(day from {{ to_day }}) > extract(day from {{ from_day }}) then 1
                else 0
            end,
            0
        ) as integer)
    end
{%- endmacro %}

{#- The second in which an instant lies: events within it have no order of their own. -#}
{% macro second_of(instant) -%}
    {{ dbt.date_trunc('second', instant) }}
{%- endmacro %}

{#-
    Whether a span with `valid_from` and `valid_to` holds at an instant; what has no instant lies in
    the first span, which has no beginning.
-#}
{% macro holds_at(spans, instant) -%}
    case
        when {{ instant }} is null then {{ spans }}.valid_from is null
        else
            coalesce({{ instant }} >= {{ spans }}.valid_from, true)
            and coalesce({{ instant }} < {{ spans }}.valid_to, true)
    end
{%- endmacro %}

{#- The same of what held until an instant: a change at the instant itself comes after it. -#}
{% macro held_until(spans, instant) -%}
    case
        when {{ instant }} is null then {{ spans }}.valid_from is null
        else
            coalesce({{ instant }} > {{ spans }}.valid_from, true)
            and coalesce({{ instant }} <= {{ spans }}.valid_to, true)
    end
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

{#- Whole microseconds from one instant to another: durations that sum to the same in any order. -#}
{% macro microseconds_between(from_at, to_at) -%}
    {{ return(adapter.dispatch('microseconds_between', 'flywheel')(from_at, to_at)) }}
{%- endmacro %}

{% macro default__microseconds_between(from_at, to_at) -%}
    (epoch_us({{ to_at }}) - epoch_us({{ from_at }}))
{%- endmacro %}

{#- Hours from one instant to another, the begun one counted in full. -#}
{% macro begun_hours(from_at, to_at) -%}
    cast(ceil({{ microseconds_between(from_at, to_at) }} / 3600000000.0) as bigint)
{%- endmacro %}

{#-
    One row a row of a relation × day or month (`period`) in which it lies, from one date to another,
    both within; `name` is the first day of it.
-#}
{% macro periods_touched(relation, from_date, to_date, period, name) -%}
    {{ return(
        adapter.dispatch('periods_touched', 'flywheel')(relation, from_date, to_date, period, name)
    ) }}
{%- endmacro %}

{% macro default__periods_touched(relation, from_date, to_date, period, name) -%}
    select
        *,
        cast(
            unnest(
                generate_series(
                    date_trunc('{{ period }}', {{ from_date }}),
                    date_trunc('{{ period }}', {{ to_date }}),
                    interval '1 {{ period }}'
                )
            ) as date
        ) as {{ name }}
    from {{ relation }} as spans
{%- endmacro %}
