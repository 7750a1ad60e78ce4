{#-
    Detects intervals `valid_from` to `valid_to` (the first day after) that do not follow one another
    within a group: a gap, an overlap, one that ends before it begins, or a last one with an end.
    Matters because a join by day finds no row in a gap and two in an overlap.
    A returned row is an interval with the beginning of the one after it.
-#}
{% test contiguous_intervals(model, columns) %}

select *
from (
    select
        *,
        lead(valid_from) over (
            partition by {{ columns | join(', ') }}
            order by valid_from
        ) as next_from
    from {{ model }}
) as intervals
where valid_from is null or valid_from >= valid_to or valid_to is distinct from next_from

{% endtest %}
