{#-
    Time to an event, where some have not come to theirs yet (survival analysis with competing
    risks): from one spell an opportunity to curves. Each macro is the body of a CTE.

    Days are whole: day 1 is the first 24 hours of a spell, day 2 the second, whatever the calendar
    says, so that a close on the same day (half a day, by convention) falls on day 1. What happened
    within a day counts on that day: first the events, then the censorings.
-#}

{#- The day of a spell, from 1, in which an instant lies. -#}
{% macro day_of_spell(start_at, instant) -%}
    cast(greatest(ceil({{ days_between(start_at, instant) }}), 1) as integer)
{%- endmacro %}

{#-
    One row an opportunity: the spell from an instant to its close, or to the end of the newest night
    while it is open. Whoever was first seen later than at the start is at risk from the day after
    (left truncation), and never if closed by then: others that closed as early may never be seen.

    Spells without a start, closed ones without an end and ones that end before they start are none.
-#}
{% macro spells_of(facts, as_of, start_at) -%}
    select
        *,
        case
            when is_left_truncated and observed_from_at > {{ start_at }}
                then {{ day_of_spell(start_at, 'observed_from_at') }}
            else 0
        end as entry_day,
        {{ day_of_spell(start_at, 'end_at') }} as exit_day
    from (
        select
            {{ facts }}.*,
            case when is_closed then closed_at else {{ as_of }}.as_of_at end as end_at
        from {{ facts }}
        cross join {{ as_of }}
    ) as ended
    where end_at >= {{ start_at }}
{%- endmacro %}

{#-
    One row a series × day on which anyone came to be at risk (from the next day on) or left: won,
    lost, or censored. `spells` holds counts (`spell_count`) by `series`, `entry_day`, `exit_day` and
    `outcome`.
-#}
{% macro moves_by_day(spells, series) -%}
    {%- set moves = {
        'entered_count': ('entry_day', 'true'),
        'won_count': ('exit_day', "outcome = 'won'"),
        'lost_count': ('exit_day', "outcome = 'lost'"),
        'censored_count': ('exit_day', "outcome = 'open'"),
    } -%}
    select
        {{ series | join(', ') }},
        days,
        {%- for move in moves %}
        sum({{ move }}) as {{ move }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        {%- for day in ['entry_day', 'exit_day'] %}
        select
            {{ series | join(', ') }},
            {{ day }} as days,
            {%- for move, (its_day, condition) in moves.items() %}
            case when {{ condition if its_day == day else 'false' }} then spell_count else 0 end
                as {{ move }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ spells }}
        -- Who was first seen on the day of the end was never seen at risk.
        where entry_day < exit_day
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as moved
    group by {{ series | join(', ') }}, days
{%- endmacro %}

{#-
    One row a series × day, without gaps: who is at risk in the day, and the moves in it. A series
    ends before the first day on which fewer than ten are at risk.
-#}
{% macro risk_sets_of(moves, series) -%}
    {%- set measures = ['entered_count', 'won_count', 'lost_count', 'censored_count'] -%}
    {%- set of_series = 'partition by ' ~ series | join(', ') ~ ' order by days' -%}
    select *
    from (
        select
            *,
            min(case when days > 0 then at_risk_count end) over (
                {{ of_series }} rows between unbounded preceding and current row
            ) as least_at_risk_count
        from (
            select
                *,
                sum(entered_count - won_count - lost_count - censored_count) over (
                    {{ of_series }} rows between unbounded preceding and 1 preceding
                ) as at_risk_count
            from (
                select
                    {%- for column in series %}
                    ends.{{ column }},
                    {%- endfor %}
                    every_day.number as days,
                    {%- for measure in measures %}
                    coalesce(moves.{{ measure }}, 0) as {{ measure }}{{ ',' if not loop.last }}
                    {%- endfor %}
                from (
                    select
                        {{ series | join(', ') }},
                        max(days) as last_day
                    from {{ moves }}
                    group by {{ series | join(', ') }}
                    -- A risk set of ten needs ten spells.
                    having sum(entered_count) >= 10
                ) as ends
                inner join (
                    {{ numbers_to('(select coalesce(max(days), 0) from ' ~ moves ~ ')') }}
                ) as every_day
                    on ends.last_day >= every_day.number
                left join {{ moves }} as moves
                    on
                        {%- for column in series %}
                        ends.{{ column }} = moves.{{ column }} and
                        {%- endfor %}
                        every_day.number = moves.days
            ) as day_by_day
        ) as counted
    ) as followed
    where days > 0 and least_at_risk_count >= 10
{%- endmacro %}

{#-
    The rows of risk sets with the Aalen–Johansen estimate up to their day: the share that is still
    open (Kaplan–Meier for closes of either kind), the shares that were won and lost, and the
    variance of the share won by the delta method.

    The variance at day t sums, over days s up to t, [F(t) - F(s)]² d(s) / (Y(s) (Y(s) - d(s))) and
    more such terms. Multiplied out, each is F(t) or its square times a running sum over s alone, so
    that no pair of days is ever formed. On a day on which all who are at risk close, F(t) = F(s)
    from then on: its term, 0 times infinity, is 0.
-#}
{% macro cumulative_incidence_of(risk_sets, series) -%}
    {%- set by_day = '(partition by ' ~ series | join(', ')
        ~ ' order by days rows between unbounded preceding and current row)' -%}
    select
        *,
        greatest(
            win_incidence * win_incidence * sum(close_term) over {{ by_day }}
            - 2 * win_incidence * sum(win_incidence * close_term) over {{ by_day }}
            + sum(win_incidence * win_incidence * close_term) over {{ by_day }}
            + sum(win_term) over {{ by_day }}
            - 2 * win_incidence * sum(cross_term) over {{ by_day }}
            + 2 * sum(win_incidence * cross_term) over {{ by_day }},
            0
        ) as win_variance
    from (
        select
            *,
            sum(open_share_before * won_count / at_risk_count) over {{ by_day }} as win_incidence,
            sum(open_share_before * lost_count / at_risk_count) over {{ by_day }} as loss_incidence,
            case
                when closed_count < at_risk_count
                    then closed_count / (at_risk_count * (at_risk_count - closed_count))
                else 0
            end as close_term,
            open_share_before * open_share_before * won_count * (at_risk_count - won_count)
            / (at_risk_count * at_risk_count * at_risk_count) as win_term,
            open_share_before * won_count / (at_risk_count * at_risk_count) as cross_term
        from (
            select
                *,
                coalesce(
                    lag(open_share) over (partition by {{ series | join(', ') }} order by days), 1.0
                ) as open_share_before
            from (
                select
                    *,
                    {{ running_product('1 - closed_count / at_risk_count', by_day) }} as open_share
                from (
                    select
                        {{ (series + ['days']) | join(', ') }},
                        entered_count,
                        censored_count,
                        cast(at_risk_count as double) as at_risk_count,
                        cast(won_count as double) as won_count,
                        cast(lost_count as double) as lost_count,
                        cast(won_count + lost_count as double) as closed_count
                    from {{ risk_sets }}
                ) as counts
            ) as multiplied
        ) as lagged
    ) as summed
{%- endmacro %}

{#-
    Ends of the 95 % interval of an incidence from its variance, on the scale of the complementary
    log-log, where it cannot leave 0..1. NULL where nothing, or everything, has come to pass.
-#}
{% macro incidence_low(incidence, variance) -%}
    {{ _incidence_end(incidence, variance, '-') }}
{%- endmacro %}

{% macro incidence_high(incidence, variance) -%}
    {{ _incidence_end(incidence, variance, '+') }}
{%- endmacro %}

{#- ln(1 - F) is negative: the sign of the exponent is turned. -#}
{% macro _incidence_end(incidence, variance, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set rest = '(1 - ' ~ incidence ~ ')' -%}
    case
        when {{ incidence }} > 0 and {{ incidence }} < 1
            then 1 - power({{ rest }}, exp(
                {{ sign }} {{ z }} * sqrt({{ variance }}) / ({{ rest }} * abs(ln({{ rest }})))
            ))
    end
{%- endmacro %}
