{#-
    Detects rates that are missing, zero, negative or no finite number.
    Matters because money times such a rate is lost or wrong, whatever the amount.
    A returned row is a row of the table with such a rate.
-#}
{% test positive_rates(model, column) %}

select *
from {{ model }}
where not coalesce({{ column }} > 0 and {{ column }} < 1e300, false)

{% endtest %}
