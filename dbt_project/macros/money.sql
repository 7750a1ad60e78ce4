{#- Money is kept in cents, rounded half to even. -#}
{% macro to_cents(amount) -%}
    {{ return(adapter.dispatch('to_cents', 'flywheel')(amount)) }}
{%- endmacro %}

{% macro default__to_cents(amount) -%}
    cast(round_even({{ amount }}, 2) as decimal(18, 2))
{%- endmacro %}
