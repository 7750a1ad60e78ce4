{#-
    What depends on other rows: the last known value, products, ranks climbed one by one; and numbers
    in place of texts where rows are sorted for it.
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

{#- The product of all values of a group. -#}
{% macro product_of(value) -%}
    {{ return(adapter.dispatch('product_of', 'flywheel')(value)) }}
{%- endmacro %}

{% macro default__product_of(value) -%}
    product({{ value }})
{%- endmacro %}

{#-
    A number that stands for a text key in a window: numbers are sorted in two thirds of the time that
    texts take, if no text is left in the rows. It is a hash of 128 bits: of a billion keys, the odds
    that any two share one are below one in 10^20.
-#}
{% macro key_number(key) -%}
    {{ return(adapter.dispatch('key_number', 'flywheel')(key)) }}
{%- endmacro %}

{% macro default__key_number(key) -%}
    ((cast(hash({{ key }}) as uhugeint) << 64) | cast(hash({{ key }} || '.') as uhugeint))
{%- endmacro %}

{#-
    An aggregate: how high rows of a group climb without leaving out a rank, from 1 on, in an order.
    Other ranks may lie between; NULL counts for nothing.
-#}
{% macro climbed_rank(rank, place) -%}
    {{ return(adapter.dispatch('climbed_rank', 'flywheel')(rank, place)) }}
{%- endmacro %}

{% macro default__climbed_rank(rank, place) -%}
    list_reduce(
        list_prepend(0, list({{ rank }} order by {{ place }})),
        lambda climbed, next: case when next = climbed + 1 then next else climbed end
    )
{%- endmacro %}
