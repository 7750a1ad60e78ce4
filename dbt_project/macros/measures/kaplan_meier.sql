{#-
    How long something lasts, when some of it still goes on and some was not watched from its
    beginning (E. L. Kaplan and P. Meier, 1958; late entries as in the product-limit estimator of
    truncated data). One kind of end; competing ends are no matter of this file.

    Everything works on counts by time, so that what is sorted is times and not stays.
-#}

{#-
    Body of a CTE: one row a group × time at which something ended, with how many were watched until
    then and the share that lasts longer.

    `stays` has the columns of `groups` and
      entered     the time from which on it was watched; NULL where that was from the beginning
      ended       the time up to which it was watched, later than `entered`
      is_exit     whether it ended then, or goes on for all we know
      stay_count  how many stays the row stands for
    Times are of any numeric unit. Who enters at a time is not yet at risk at it; who ends at a time
    is still. So ends precede the last sight of others at the same time.
-#}
{% macro kaplan_meier(stays, groups) -%}
    {%- set points -%}
    (
        select
            {{ groups | join(', ') }},
            duration,
            sum(leave_count) as leave_count,
            sum(exit_count) as exit_count
        from (
            {{ kaplan_meier_points(stays, groups) }}
        ) as points
        group by {{ groups | join(', ') }}, duration
    )
    {%- endset -%}
    {{ kaplan_meier_of_points(points, groups) }}
{%- endmacro %}

{#-
    What `stays` do at a time: how many leave the risk set after it, less those that join it after
    it, and how many of them end. To be summed by time, by whoever wants to cut them further.
-#}
{% macro kaplan_meier_points(stays, columns) -%}
    select
        {{ columns | join(', ') }},
        ended as duration,
        stay_count as leave_count,
        case when is_exit then stay_count else 0 end as exit_count
    from {{ stays }}
    union all
    select
        {{ columns | join(', ') }},
        entered as duration,
        -stay_count as leave_count,
        0 as exit_count
    from {{ stays }}
    where entered is not null
{%- endmacro %}

{#-
    The same from points that are summed by group and time. At risk is who leaves at the time or
    later and has joined before, which needs no row for those that were there from the beginning.
-#}
{% macro kaplan_meier_of_points(points, groups) -%}
    {%- set keys = groups | join(', ') -%}
    select
        {{ keys }},
        duration,
        at_risk_count,
        exit_count,
        {{ running_product('1 - exit_count / cast(at_risk_count as double)', 'so_far') }} as survival,
        -- Greenwood's sum: the variance of ln(survival). Nothing is left to vary at 0.
        sum(
            case
                when at_risk_count > exit_count
                    then
                        exit_count
                        / (cast(at_risk_count as double) * (at_risk_count - exit_count))
            end
        ) over so_far as log_variance
    from (
        select
            {{ keys }},
            duration,
            exit_count,
            sum(leave_count) over (
                partition by {{ keys }}
                order by duration desc
                rows between unbounded preceding and current row
            ) as at_risk_count
        from {{ points }} as changes
    ) as risks
    where exit_count > 0
    window so_far as (
        partition by {{ keys }}
        order by duration
        rows between unbounded preceding and current row
    )
{%- endmacro %}

{#-
    The first time by which half have ended, over the rows of a group; NULL where more than half
    last. Survival is a product of doubles: what is a hair beside one half is one half.
-#}
{% macro kaplan_meier_median(survival='survival') -%}
    min(case when {{ survival }} <= 0.5 + 1e-9 then duration end)
{%- endmacro %}

{#-
    Ends of the 95 % interval of the median: where the log-log interval of survival passes one half
    (R. Brookmeyer and J. Crowley, 1982). NULL where it never does.
-#}
{% macro kaplan_meier_median_low() -%}
    {{ kaplan_meier_median(_log_log_bound('+')) }}
{%- endmacro %}

{% macro kaplan_meier_median_high() -%}
    {{ kaplan_meier_median(_log_log_bound('-')) }}
{%- endmacro %}

{#- The larger the power of a number below 1, the smaller it is. -#}
{% macro _log_log_bound(sign) -%}
    case
        when survival <= 0 then 0
        else power(
            survival,
            exp({{ sign }} 1.959963984540054 * sqrt(log_variance) / abs(ln(survival)))
        )
    end
{%- endmacro %}
