-- One row a month in which leads came in × slice of leads: how many of them came how far, and how
-- soon. A lead that took a later step took those before it too. A lead that was taken up again after
-- it had been disqualified came in again: each of its episodes counts, in its own month.
--
-- What is said of some days counts only leads that had so many days since: others may still win.
{%- set slices = lead_slice_dimensions() %}
{%- set horizons = [30, 60, 90] %}
{%- set rates = [
    ('mql_rate', 'mql_count', 'lead_count'),
    ('sql_rate', 'sql_count', 'mql_count'),
    ('opportunity_rate', 'opportunity_count', 'sql_count'),
    ('win_rate', 'won_count', 'opportunity_count'),
    ('lead_win_rate', 'won_count', 'lead_count'),
    ('won_within_30_days_rate', 'won_within_30_days', 'mature_30_days_count'),
    ('won_within_60_days_rate', 'won_within_60_days', 'mature_60_days_count'),
    ('won_within_90_days_rate', 'won_within_90_days', 'mature_90_days_count'),
] %}
with

leads as (
    select * from {{ ref('fct_lead') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

episodes as (
    select * from {{ ref('int_lead_episodes') }}
),

first_touches as (
    select * from {{ ref('int_first_touches') }}
),

entries as (
    select
        created_at as started_at,
        cast(null as timestamp) as ended_at,
        owner_key,
        lead_source,
        campaign_key,
        is_mql,
        is_sql,
        outcome,
        opportunity_key,
        opportunity_outcome,
        is_won,
        days_to_win,
        hours_to_first_touch
    from leads
    where episode_count = 1
    union all
    select
        episodes.started_at,
        episodes.ended_at,
        leads.owner_key,
        leads.lead_source,
        leads.campaign_key,
        episodes.is_mql,
        episodes.is_sql,
        case when episodes.is_last then leads.outcome else 'disqualified' end as outcome,
        case when episodes.is_last then leads.opportunity_key end as opportunity_key,
        case when episodes.is_last then leads.opportunity_outcome end as opportunity_outcome,
        episodes.is_last and leads.is_won as is_won,
        case
            when episodes.is_last and leads.won_at >= episodes.started_at
                then {{ days_between('episodes.started_at', 'leads.won_at') }}
        end as days_to_win,
        {{ days_between('episodes.started_at', 'first_touches.first_touch_at') }} * 24
            as hours_to_first_touch
    from episodes
    inner join leads on episodes.lead_key = leads.lead_key
    left join first_touches
        on
            episodes.lead_key = first_touches.lead_key
            and episodes.episode_number = first_touches.episode_number
),

members as (
    select
        {{ month_of(business_date('entries.started_at')) }} as cohort_month,
        entries.owner_key as owner,
        entries.lead_source,
        entries.campaign_key as campaign,
        entries.is_mql,
        entries.is_sql,
        entries.outcome,
        entries.opportunity_key,
        entries.opportunity_outcome,
        entries.is_won,
        entries.days_to_win,
        entries.hours_to_first_touch,
        {{ days_between('entries.started_at', 'as_of.as_of_at') }} as age_days,
        -- Who was touched by nobody has waited until now, or until it came in again, and maybe
        -- longer.
        coalesce(
            entries.hours_to_first_touch,
            {{ days_between(
                'entries.started_at', 'least(as_of.as_of_at, entries.ended_at)'
            ) }} * 24
        ) as waited_hours
    from entries
    cross join as_of
),

counted as (
    select
        cohort_month,
        {{ slice_columns(slices) }},
        count(*) as lead_count,
        sum(case when is_mql then 1 else 0 end) as mql_count,
        sum(case when is_sql then 1 else 0 end) as sql_count,
        count(opportunity_key) as opportunity_count,
        sum(case when is_won then 1 else 0 end) as won_count,
        -- Its way is not at its end: it may still win.
        sum(case when outcome = 'open' or opportunity_outcome = 'open' then 1 else 0 end)
            as censored_count,
        {% for days in horizons -%}
        sum(case when age_days >= {{ days }} then 1 else 0 end) as mature_{{ days }}_days_count,
        sum(case when age_days >= {{ days }} and days_to_win <= {{ days }} then 1 else 0 end)
            as won_{{ days }}_days_count,
        {% endfor -%}
        {{ percentile('days_to_win', 0.5) }} as median_days_to_win,
        count(hours_to_first_touch) as touched_count,
        {% for name, hours in [('5_minutes', '5 / 60.0'), ('1_hour', '1'), ('24_hours', '24')] -%}
        sum(case when hours_to_first_touch <= {{ hours }} then 1 else 0 end)
            as touched_within_{{ name }},
        {% endfor -%}
        {{ value_at('waited_hours', 0.5) }} as half_waited_hours,
        min(case when hours_to_first_touch is null then waited_hours end) as first_cut_off_hours
    from members
    {{ group_by_slices(['cohort_month'], slices) }}
),

-- Kaplan–Meier, where waits were cut off before half of all had ended. In the others the median is
-- the wait by which half of all had.
cut_off as (
    select
        cohort_month,
        dimension,
        dimension_value
    from counted
    where first_cut_off_hours <= half_waited_hours
),

waits as (
    select
        cohort_month,
        {{ slice_columns(slices) }},
        waited_hours,
        count(hours_to_first_touch) as touched_count,
        count(*) as member_count
    from members
    where cohort_month in (select cohort_month from cut_off)
    {{ group_by_slices(['cohort_month', 'waited_hours'], slices) }}
),

at_risk as (
    select
        waits.*,
        sum(waits.member_count) over (
            partition by
                waits.cohort_month,
                waits.dimension,
                waits.dimension_value
            order by waits.waited_hours desc
            rows between unbounded preceding and current row
        ) as at_risk_count
    from waits
    inner join cut_off
        on
            waits.cohort_month = cut_off.cohort_month
            and waits.dimension = cut_off.dimension
            and waits.dimension_value = cut_off.dimension_value
),

still_waiting as (
    select
        cohort_month,
        dimension,
        dimension_value,
        waited_hours,
        exp(sum(
            case
                when touched_count < at_risk_count
                    then ln(1 - cast(touched_count as double) / at_risk_count)
            end
        ) over by_wait) as share,
        max(case when touched_count = at_risk_count then 1 else 0 end) over by_wait as is_nobody
    from at_risk
    where touched_count > 0
    window by_wait as (
        partition by cohort_month, dimension, dimension_value
        order by waited_hours
        rows between unbounded preceding and current row
    )
),

medians as (
    select
        cohort_month,
        dimension,
        dimension_value,
        min(waited_hours) as median_hours_to_first_touch
    from still_waiting
    -- A half that is made of logarithms may be a hair above itself.
    where share <= 0.5 + 0.000000001 or is_nobody = 1
    group by cohort_month, dimension, dimension_value
    union all
    select
        cohort_month,
        dimension,
        dimension_value,
        half_waited_hours as median_hours_to_first_touch
    from counted
    where first_cut_off_hours is null or first_cut_off_hours > half_waited_hours
),

matured as (
    select
        counted.*,
        {%- for days in horizons %}
        case when counted.mature_{{ days }}_days_count > 0 then counted.won_{{ days }}_days_count end
            as won_within_{{ days }}_days,
        {%- endfor %}
        medians.median_hours_to_first_touch,
        as_of.as_of_date,
        {{ days_between(start_of_day(add_months('counted.cohort_month', 1)), 'as_of.as_of_at') }}
            as month_age_days
    from counted
    cross join as_of
    left join medians
        on
            counted.cohort_month = medians.cohort_month
            and counted.dimension = medians.dimension
            and counted.dimension_value = medians.dimension_value
),

final as (
    select
        cohort_month,
        dimension,
        dimension_value,
        cast(lead_count as bigint) as lead_count,
        cast(mql_count as bigint) as mql_count,
        cast(sql_count as bigint) as sql_count,
        cast(opportunity_count as bigint) as opportunity_count,
        cast(won_count as bigint) as won_count,
        cast(censored_count as bigint) as censored_count,
        {%- for days in horizons %}
        cast(mature_{{ days }}_days_count as bigint) as mature_{{ days }}_days_count,
        cast(won_within_{{ days }}_days as bigint) as won_within_{{ days }}_days,
        {%- endfor %}
        {%- for name, numerator, denominator in rates %}
        {{ rate(numerator, denominator) }} as {{ name }},
        {{ wilson_low(numerator, denominator) }} as {{ name }}_low,
        {{ wilson_high(numerator, denominator) }} as {{ name }}_high,
        {%- endfor %}
        median_days_to_win,
        cast(touched_count as bigint) as touched_count,
        cast(touched_within_5_minutes as bigint) as touched_within_5_minutes,
        cast(touched_within_1_hour as bigint) as touched_within_1_hour,
        cast(touched_within_24_hours as bigint) as touched_within_24_hours,
        median_hours_to_first_touch,
        -- The last day of the month had 90 days, too.
        coalesce(month_age_days >= 90, false) as is_mature,
        as_of_date
    from matured
)

select * from final
