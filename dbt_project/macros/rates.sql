{#-
    Rates with their contract: numerator and denominator beside them, NULL where there is nothing
    to divide by, and the 95 % Wilson score interval (E. B. Wilson, 1927) for proportions.
-#}

{% macro rate(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
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

{#- The value below which a share of all values lies, interpolated. -#}
{% macro percentile(expression, share) -%}
    {{ return(adapter.dispatch('percentile', 'flywheel')(expression, share)) }}
{%- endmacro %}

{% macro default__percentile(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}
