{#-
    Stays in stages as durations are told of them: how long each was watched, in all, by age within
    the last year, and within months. Each macro is the body of a CTE; what a curve makes of them is
    in kaplan_meier.sql.
-#}

{#-
    One row a stay: from when to when it was watched, and what it is sliced by. `as_of` says also
    `year_ago_at`. A stay is timed unless history begins after its end. Of events within a second the
    order may be another than that of their instants.
-#}
{% macro clocked_stays(visits, opportunities, as_of) -%}
    select
        *,
        coalesce(
            has_clock and (watched_from_at = entered_at or watched_from_at < ended_at), false
        ) as is_timed,
        -- A mean knows no stay but one that was watched as a whole.
        case
            when has_clock and exit_kind <> 'open' and watched_from_at = entered_at
                then {{ microseconds_between('entered_at', 'ended_at') }}
        end as lasted_us,
        {{ business_date('watched_from_at') }} as watched_from_date
    from (
        select
            visits.stage_key,
            visits.owner_key as owner,
            opportunities.lead_source,
            opportunities.segment,
            opportunities.opportunity_type,
            opportunities.account_industry,
            visits.exit_kind,
            {{ month_of(business_date('visits.exited_at')) }} as exit_month,
            visits.entered_at,
            greatest(
                visits.entered_at,
                case when visits.is_censored then as_of.as_of_at else visits.exited_at end
            ) as ended_at,
            greatest(
                visits.entered_at,
                case when opportunities.is_left_truncated then opportunities.observed_from_at end
            ) as watched_from_at,
            visits.days_in_stage is not null
            and not opportunities.is_late_created
            and not opportunities.is_created_won as has_clock,
            {{ business_date('visits.entered_at') }} as entered_date,
            -- The last day on which it was watched.
            case
                when visits.is_censored then as_of.as_of_date
                else {{ business_date('greatest(visits.entered_at, visits.exited_at)') }}
            end as ended_date,
            as_of.year_ago_at
        from {{ visits }} as visits
        cross join {{ as_of }} as as_of
        inner join {{ opportunities }} as opportunities
            on visits.opportunity_key = opportunities.opportunity_key
    ) as clocked
{%- endmacro %}

{#-
    Timed stays of the year by age in hours, when they were first seen in it and when they ended: one
    row a stage × slice × both ages × whether they ended.
-#}
{% macro stays_by_age(stays) -%}
    select
        stage_key,
        {{ slice_columns() }},
        entered,
        ended,
        is_exit,
        count(*) as stay_count,
        sum(watched_us) as watched_us
    from (
        select
            *,
            case
                when seen_from_at > entered_at
                    then {{ begun_hours('entered_at', 'seen_from_at') }} - 1
            end as entered,
            {{ begun_hours('entered_at', 'ended_at') }} as ended,
            exit_kind <> 'open' as is_exit,
            {{ microseconds_between('seen_from_at', 'ended_at') }} as watched_us
        from (
            select
                *,
                greatest(watched_from_at, year_ago_at) as seen_from_at
            from {{ stays }}
            where is_timed and ended_at >= year_ago_at
        ) as watched
    ) as aged
    {{ group_by_slices(['stage_key', 'entered', 'ended', 'is_exit']) }}
{%- endmacro %}

{#-
    The part of each timed stay that lies in a month, by age in days of the calendar, the first one 0.
    Every day belongs to one month, so that no part of a stay is watched in two. `months` are cells of
    a stage and a month: `cell_number`, `stage_key`, `exit_month`, `last_date`.
-#}
{% macro stays_within_months(stays, months) -%}
    select
        *,
        case
            when seen_from_date > entered_date
                then {{ dbt.datediff('entered_date', 'seen_from_date', 'day') }} - 1
        end as entered,
        {{ dbt.datediff('entered_date', 'seen_to_date', 'day') }} as ended,
        exit_kind <> 'open' and ended_date = seen_to_date as is_exit,
        1 as stay_count
    from (
        select
            stays.*,
            months.cell_number,
            greatest(stays.watched_from_date, months.exit_month) as seen_from_date,
            least(stays.ended_date, months.last_date) as seen_to_date
        from {{ stays }} as stays
        inner join {{ months }} as months
            on
                stays.stage_key = months.stage_key
                and stays.watched_from_date <= months.last_date
                and stays.ended_date >= months.exit_month
        where stays.is_timed
    ) as in_months
{%- endmacro %}
