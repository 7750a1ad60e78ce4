{#-
    Rates with their contract: numerator and denominator beside them, NULL where there is nothing
    to divide by, and the 95 % Wilson score interval (E. B. Wilson, 1927) for proportions.
-#}

{% macro rate(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}

{#- Of amounts, which may be negative: NULL unless there is something to have a part of. -#}
{% macro money_ratio(amount, whole_amount) -%}
    {{ rate(amount, 'greatest(' ~ whole_amount ~ ', 0)') }}
{%- endmacro %}

{#- Halves of the interval: centre and half width share a denominator of 1 + z²/n. -#}
{% macro wilson_low(numerator, denominator) -%}
    {{ _wilson(numerator, denominator, '-') }}
{%- endmacro %}

{% macro wilson_high(numerator, denominator) -%}
    {{ _wilson(numerator, denominator, '+') }}
{%- endmacro %}

{% macro _wilson(numerator, denominator, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set n = "cast(" ~ denominator ~ " as double)" -%}
    {%- set p = "(" ~ numerator ~ " / " ~ n ~ ")" -%}
    case when {{ denominator }} > 0 then least(1.0, greatest(0.0, (
        {{ p }} + {{ z * z / 2 }} / {{ n }}
        {{ sign }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + {{ z * z / 4 }} / ({{ n }} * {{ n }}))
    ) / (1 + {{ z * z }} / {{ n }}))) end
{%- endmacro %}

{#-
    The same of trials that have come to pass in part: a trial of which a share g has come succeeds
    so far with the chance p·g. `shares` is the sum of all g, `squares` that of their squares. Where
    all have come to pass, both are the number of trials, and the interval is Wilson's. More
    successes than shares are taken for as many.
-#}
{% macro score_low(successes, shares, squares) -%}
    {{ _score(successes, shares, squares, '-') }}
{%- endmacro %}

{% macro score_high(successes, shares, squares) -%}
    {{ _score(successes, shares, squares, '+') }}
{%- endmacro %}

{#- Both p at which (successes - p·shares)² is z² times the variance p·shares - p²·squares. -#}
{% macro _score(successes, shares, squares, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set s1 = "cast(" ~ shares ~ " as double)" -%}
    {%- set s2 = "cast(" ~ squares ~ " as double)" -%}
    {%- set w = "least(cast(" ~ successes ~ " as double), " ~ s1 ~ ")" -%}
    case when {{ shares }} > 0 then least(1.0, greatest(0.0, (
        {{ s1 }} * (2 * {{ w }} + {{ z * z }})
        {{ sign }} {{ z }} * sqrt(
            {{ s1 }} * {{ s1 }} * (4 * {{ w }} + {{ z * z }}) - 4 * {{ s2 }} * {{ w }} * {{ w }}
        )
    ) / (2 * ({{ s1 }} * {{ s1 }} + {{ z * z }} * {{ s2 }})))) end
{%- endmacro %}

{#- The value below which a share of all values lies, interpolated. -#}
{% macro percentile(expression, share) -%}
    {{ return(adapter.dispatch('percentile', 'flywheel')(expression, share)) }}
{%- endmacro %}

{% macro default__percentile(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}

{#- An aggregate: the smallest value up to which at least a share of all values lie. -#}
{% macro value_at(expression, share) -%}
    {{ return(adapter.dispatch('value_at', 'flywheel')(expression, share)) }}
{%- endmacro %}

{% macro default__value_at(expression, share) -%}
    quantile_disc({{ expression }}, {{ share }})
{%- endmacro %}

{#- An aggregate: the value in the middle of a group, the mean of both where there are two. -#}
{% macro median_of(value) -%}
    {{ return(adapter.dispatch('median_of', 'flywheel')(value)) }}
{%- endmacro %}

{% macro default__median_of(value) -%}
    median({{ value }})
{%- endmacro %}
