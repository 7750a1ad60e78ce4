{#-
    Detects rows that share a key made of several columns. NULL counts as a value: two rows without
    a month are two rows of the same key.
    Matters because a doubled key doubles every sum over the table and every join to it.
    A returned row is one key that stands more than once, and how often.
-#}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
