{#-
    Money: kept in hundredths, rounded half to even; converted exactly, by the rate of a day.
-#}

{#- An amount with at most six places, as bronze holds it, in hundredths of its own currency. -#}
{% macro to_cents(amount) -%}
    {{ return(adapter.dispatch('to_cents', 'flywheel')(amount)) }}
{%- endmacro %}

{#- DuckDB rounds what fits into 64 bits, all amounts below a trillion, ten times as fast. -#}
{% macro default__to_cents(amount) -%}
    coalesce(
        cast(round_even(try_cast({{ amount }} as decimal(18, 6)), 2) as decimal(18, 2)),
        cast(round_even({{ amount }}, 2) as decimal(18, 2))
    )
{%- endmacro %}

{#-
    A local amount, in hundredths, in the smallest unit of the reporting currency; NULL without a
    rate, never at 1.0.
-#}
{% macro in_reporting_currency(amount, rate) -%}
    {{ return(adapter.dispatch('in_reporting_currency', 'flywheel')(amount, rate)) }}
{%- endmacro %}

{#-
    A product of doubles would miss ties: 100.15 at 1.1 is 110.165 and becomes 110.16, while the
    doubles make 110.16500000000002 of it. So the rate is taken as the decimal it is written as,
    which DuckDB finds by way of text, to 16 places: with six of the amount that leaves 16 digits
    before the point, all that DECIMAL(18, 2) holds.
-#}
{% macro default__in_reporting_currency(amount, rate) -%}
    {%- set digits = _reporting_digits() -%}
    case
        when {{ rate }} = 1 then cast(round_even({{ amount }}, {{ digits }}) as decimal(18, 2))
        else cast(
            round_even({{ amount }} * cast(cast({{ rate }} as varchar) as decimal(38, 16)), {{ digits }})
            as decimal(18, 2)
        )
    end
{%- endmacro %}

{#-
    Places after the point that money in the reporting currency has: none where ISO 4217 knows no
    smaller unit, else two. Currencies with three (BHD, IQD, JOD, KWD, LYD, OMR, TND) or four (CLF,
    UYW) are reported in hundredths too: money columns are DECIMAL(18, 2) in every warehouse, and a
    tool that reads one can read all.
-#}
{% macro _reporting_digits() -%}
    {%- set whole = [
        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND',
        'VUV', 'XAF', 'XOF', 'XPF',
    ] -%}
    {{ return(0 if var('reporting_currency') in whole else 2) }}
{%- endmacro %}

{#- An amount in the reporting currency as a number of its smallest units, which shares divide. -#}
{% macro to_units(amount) -%}
    cast(cast({{ amount }} as decimal(20, 2)) * {{ 10 ** _reporting_digits() }} as decimal(20, 0))
{%- endmacro %}

{#- The amount that so many smallest units are. -#}
{% macro of_units(units) -%}
    cast({{ units }} * {{ '0.01' if _reporting_digits() == 2 else '1' }} as decimal(18, 2))
{%- endmacro %}

{#-
    Body of a CTE: the rows of `days`, a source × currency × `rate_date` each, with the rate of
    `rates` that holds on the day (int_exchange_rates); none where no rate holds. A currency's rates
    follow one another without a gap, so the last one that began is the one that holds. Asked per day
    and not per amount: of days there are few, and both sides have to be sorted.
-#}
{% macro rates_of_days(days, rates) -%}
    {{ return(adapter.dispatch('rates_of_days', 'flywheel')(days, rates)) }}
{%- endmacro %}

{% macro default__rates_of_days(days, rates) -%}
    select
        days.source_system,
        days.currency_code,
        days.rate_date,
        rates.rate_to_reporting
    from {{ days }} as days
    asof inner join {{ rates }} as rates
        on
            days.source_system = rates.source_system
            and days.currency_code = rates.currency_code
            and days.rate_date >= rates.valid_from
{%- endmacro %}
