{#-
    Windows that carry the last known value of several columns along, and running products.
-#}

{#-
    A value on its way through a window that skips NULL: a NULL that was set is put as a value that
    none can be, and taken out again behind the window. A third of the time of a struct around it.
-#}
{% macro boxed(value, type) -%}
    coalesce({{ value }}, {{ _nothing(type) }})
{%- endmacro %}

{% macro unboxed(box, type) -%}
    nullif({{ box }}, {{ _nothing(type) }})
{%- endmacro %}

{% macro _nothing(type) -%}
    {%- if type == 'decimal(18, 2)' -%}
    cast('-9999999999999999.99' as decimal(18, 2))
    {%- elif type == 'date' -%}
    cast('0001-01-01' as date)
    {%- else -%}
    '(nothing)'
    {%- endif -%}
{%- endmacro %}

{#- The last value so far that is not NULL, in the order of a named window. -#}
{% macro last_in(value, window) -%}
    {{ return(adapter.dispatch('last_in', 'flywheel')(value, window)) }}
{%- endmacro %}

{% macro default__last_in(value, window) -%}
    last_value({{ value }} ignore nulls) over {{ window }}
{%- endmacro %}

{#- The product of all values so far, over a window; 0 from the first 0 on. -#}
{% macro running_product(value, window) -%}
    {{ return(adapter.dispatch('running_product', 'flywheel')(value, window)) }}
{%- endmacro %}

{% macro default__running_product(value, window) -%}
    product({{ value }}) over {{ window }}
{%- endmacro %}
