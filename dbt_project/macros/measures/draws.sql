{#-
    Draws that a table makes again the same each night: not from a generator with a state, but from
    the digest of what is drawn and the number of the draw. So they depend on neither the order of
    rows nor the engine.
-#}

{#- A standard normal number (G. E. P. Box and M. E. Muller, 1958) of a text. -#}
{% macro normal_of(text) -%}
    sqrt(-2 * ln({{ _uniform_of(text, 1) }})) * cos({{ 2 * 3.141592653589793 }} * {{ _uniform_of(text, 17) }})
{%- endmacro %}

{#- Above 0 and below 1: the middle of one of 2^48 parts, by 12 hexadecimal digits of the digest. -#}
{% macro _uniform_of(text, first_digit) -%}
    (({{ hexadecimal('substr(' ~ dbt.hash(text) ~ ', ' ~ first_digit ~ ', 12)') }} + 0.5) / 281474976710656.0)
{%- endmacro %}

{#- The number that hexadecimal digits write. -#}
{% macro hexadecimal(digits) -%}
    {{ return(adapter.dispatch('hexadecimal', 'flywheel')(digits)) }}
{%- endmacro %}

{% macro default__hexadecimal(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}

{#-
    A share as it could have come out: drawn around the square root's arc sine, whose variance is
    1/(4n) whatever the share (F. J. Anscombe, 1948). Shares of none and of all vary too.
-#}
{% macro drawn_share(successes, trials, normal) -%}
    {%- set angle -%}
        asin(sqrt(({{ successes }} + 0.375) / ({{ trials }} + 0.75))) + {{ normal }} / (2 * sqrt({{ trials }} + 0.5))
    {%- endset -%}
    power(sin(least(greatest({{ angle }}, 0), {{ 3.141592653589793 / 2 }})), 2)
{%- endmacro %}
