{#-
    Stays of opportunities in open stages as `funnel_stage_exit` reckons them: what of a stay was
    watched, in which months it lay, how it ended. Each macro is the body of a CTE, so that the same
    words count what changed opportunities add to the sums now and what they had added before.

    Does not belong here: curves over such counts (kaplan_meier.sql).
-#}

{#- One row a stay of an opportunity in one open stage; an open stay is censored at today. -#}
{% macro visits_of(events, as_of) -%}
    select
        events.opportunity_key,
        events.visit_number,
        events.pipeline_key,
        events.stage_key,
        events.stage_rank,
        events.owner_key,
        events.attempt_number,
        events.occurred_at as entered_at,
        events.next_occurred_at as exited_at,
        case
            when events.next_stage_kind is null then 'open'
            when events.next_pipeline_key <> events.pipeline_key then 'handed_off'
            when events.next_stage_kind in ('won', 'lost') then events.next_stage_kind
            when events.next_stage_rank < events.stage_rank then 'regressed'
            else 'advanced'
        end as exit_kind,
        {{ days_between(
            'events.occurred_at',
            'case when events.next_stage_kind is null then as_of.as_of_at '
            ~ 'else events.next_occurred_at end'
        ) }} as days_in_stage,
        events.next_stage_kind is null as is_censored
    from {{ events }} as events
    cross join {{ as_of }} as as_of
    where events.stage_kind = 'open' and not events.is_deleted
{%- endmacro %}

{#-
    One row a visit with what of it was watched. It is timed unless history begins after its end; of
    events within a second the order may be another than that of their instants.
-#}
{% macro watched_stays(visits, facts, as_of) -%}
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
            facts.lead_source,
            facts.segment,
            facts.opportunity_type,
            facts.account_industry,
            visits.exit_kind,
            {{ month_of(business_date('visits.exited_at')) }} as exit_month,
            visits.entered_at,
            greatest(
                visits.entered_at,
                case when visits.is_censored then as_of.as_of_at else visits.exited_at end
            ) as ended_at,
            greatest(
                visits.entered_at,
                case when facts.is_left_truncated then facts.observed_from_at end
            ) as watched_from_at,
            visits.days_in_stage is not null
            and not facts.is_late_created
            and not facts.is_created_won as has_clock,
            {{ business_date('visits.entered_at') }} as entered_date,
            -- The last day on which it was watched.
            case
                when visits.is_censored then as_of.as_of_date
                else {{ business_date('greatest(visits.entered_at, visits.exited_at)') }}
            end as ended_date
        from {{ visits }} as visits
        cross join {{ as_of }} as as_of
        inner join {{ facts }} as facts on visits.opportunity_key = facts.opportunity_key
    ) as clocked
{%- endmacro %}

{% macro exit_grain() -%}
    {{ return(['stage_key', 'exit_month', 'dimension', 'dimension_value']) }}
{%- endmacro %}

{% macro exit_measures() -%}
    {{ return([
        'visit_count', 'advanced_count', 'regressed_count', 'won_count', 'lost_count',
        'handed_off_count', 'open_count', 'lasted_count', 'lasted_us',
    ]) }}
{%- endmacro %}

{#- Stays by how they ended and in which month, which is none for those that go on. -#}
{% macro exit_sums_of(stays) -%}
    select
        stage_key,
        exit_month,
        {{ slice_columns() }},
        count(*) as visit_count,
        {%- for kind in ['advanced', 'regressed', 'won', 'lost', 'handed_off', 'open'] %}
        sum(case when exit_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }}_count,
        {%- endfor %}
        count(lasted_us) as lasted_count,
        sum(coalesce(lasted_us, 0)) as lasted_us
    from {{ stays }}
    {{ group_by_slices(['stage_key', 'exit_month']) }}
{%- endmacro %}

{#-
    Timed stays of the year up to now by age in hours, when they were first seen in it and when they
    ended: one row a stage × slice × both ages × whether they ended. `as_of` says `year_ago_at`, and
    the column `stage` which stage.
-#}
{% macro stays_by_age(stays, as_of, stage) -%}
    select
        {{ stage }},
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
                stays.*,
                greatest(stays.watched_from_at, as_of.year_ago_at) as seen_from_at
            from {{ stays }} as stays
            cross join {{ as_of }} as as_of
            where stays.is_timed and stays.ended_at >= as_of.year_ago_at
        ) as watched
    ) as aged
    {{ group_by_slices([stage, 'entered', 'ended', 'is_exit']) }}
{%- endmacro %}

{% macro stay_grain() -%}
    {{ return(['stage_key', 'stay_month', 'dimension', 'dimension_value', 'duration']) }}
{%- endmacro %}

{% macro stay_measures() -%}
    {{ return(['leave_count', 'exit_count']) }}
{%- endmacro %}

{#-
    Points of the curve of each month (kaplan_meier.sql): of the part of each stay that lies in a
    month, by age in days of the calendar, the first one 0. Every day belongs to one month, so that no
    part of a stay is watched in two.
-#}
{% macro stay_sums_of(stays, condition) -%}
    {%- set timed = '(select * from ' ~ stays ~ ' where is_timed and ' ~ condition ~ ')' -%}
    {%- set parts -%}
    (
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
                *,
                greatest(watched_from_date, stay_month) as seen_from_date,
                least(ended_date, {{ add_days(add_months('stay_month', 1), -1) }}) as seen_to_date
            from (
                {{ periods_touched(
                    timed, 'watched_from_date', 'ended_date', 'month', 'stay_month'
                ) }}
            ) as in_months
        ) as seen
    )
    {%- endset -%}
    select
        stage_key,
        stay_month,
        {{ slice_columns() }},
        duration,
        sum(leave_count) as leave_count,
        sum(exit_count) as exit_count
    from (
        {{ kaplan_meier_points(parts, ['stage_key', 'stay_month'] + slice_dimensions()) }}
    ) as points
    {{ group_by_slices(['stage_key', 'stay_month', 'duration']) }}
{%- endmacro %}
