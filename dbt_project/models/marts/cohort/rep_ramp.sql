-- One row a source × quarter of hire × month of tenure that a rep of it has completed under
-- observation: what those reps won in that month, and how long the cohort took to its first wins.
--
-- A rep is whoever owns an opportunity, owned one at its creation or close, or has a share of a
-- win. Where a source names no day of hire, the first day on which a rep is seen so stands for it.
-- A month of tenure counts where all of it lies between the source's first opportunity and the
-- as-of date or the day the rep left. First wins are those of reps hired within that time.
with

opportunities as (
    select * from {{ ref('fct_opportunity') }}
),

credits as (
    select * from {{ ref('fct_opportunity_credit') }}
    where credit_kind = 'closed' and share > 0
),

rep_versions as (
    select * from {{ ref('dim_rep') }}
    where rep_id <> 'unknown'
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

months as (
    {{ numbers_to(var('triangle_months')) }}
),

wins as (
    select
        credits.rep_key,
        {{ business_date('opportunities.closed_at') }} as won_date,
        credits.amount
    from credits
    inner join opportunities on credits.opportunity_key = opportunities.opportunity_key
    where opportunities.is_won
),

sightings as (
    select
        owner_at_creation_key as rep_key,
        min(created_at) as first_at,
        max(created_at) as last_at
    from opportunities
    group by owner_at_creation_key
    union all
    select
        owner_at_close_key as rep_key,
        min(closed_at) as first_at,
        max(closed_at) as last_at
    from opportunities
    where owner_at_close_key is not null
    group by owner_at_close_key
    union all
    select distinct
        owner_key as rep_key,
        cast(null as timestamp) as first_at,
        cast(null as timestamp) as last_at
    from opportunities
),

seen_days as (
    select
        rep_key,
        {{ business_date('first_at') }} as first_date,
        {{ business_date('last_at') }} as last_date
    from sightings
    union all
    select
        rep_key,
        min(won_date) as first_date,
        max(won_date) as last_date
    from wins
    group by rep_key
),

seen as (
    select
        rep_key,
        min(first_date) as first_date,
        max(last_date) as last_date
    from seen_days
    group by rep_key
),

-- Who was inactive on every night left on a day that nobody has seen: the last sight stands for it.
known_reps as (
    select
        rep_key,
        source_system,
        max(case when is_current then hired_date end) as hired_date,
        max(case when is_current and not is_active then 1 else 0 end) = 1 as has_left,
        max(case when is_active then {{ business_date('valid_to') }} end) as left_date
    from rep_versions
    group by rep_key, source_system
),

first_days as (
    select
        source_system,
        min({{ business_date('created_at') }}) as first_date
    from opportunities
    group by source_system
),

-- `end_date` is the first day that no longer counts.
reps as (
    select
        known_reps.rep_key,
        known_reps.source_system,
        first_days.first_date as history_date,
        coalesce(known_reps.hired_date, seen.first_date) as start_date,
        known_reps.hired_date is null as is_hire_assumed,
        case
            when not known_reps.has_left then {{ add_days('as_of.as_of_date', 1) }}
            when known_reps.left_date is not null then known_reps.left_date
            else {{ add_days('seen.last_date', 1) }}
        end as end_date,
        as_of.as_of_date
    from known_reps
    inner join seen on known_reps.rep_key = seen.rep_key
    inner join first_days on known_reps.source_system = first_days.source_system
    cross join as_of
),

members as (
    select
        *,
        {{ quarter_of('start_date') }} as hire_quarter
    from reps
    where start_date < end_date
),

months_served as (
    select
        members.rep_key,
        members.source_system,
        members.hire_quarter,
        members.is_hire_assumed,
        members.as_of_date,
        months.number as tenure_months
    from members
    inner join months
        on
            members.history_date <= {{ add_months('members.start_date', 'months.number') }}
            and members.end_date >= {{ add_months('members.start_date', 'months.number + 1') }}
),

wins_of_members as (
    select
        members.rep_key,
        wins.won_date,
        wins.amount,
        {{ months_to_reach('members.start_date', add_days('wins.won_date', 1)) }} - 1
            as tenure_months
    from wins
    inner join members
        on
            wins.rep_key = members.rep_key
            and wins.won_date >= members.start_date
            and wins.won_date < members.end_date
),

won_in_month as (
    select
        rep_key,
        tenure_months,
        count(*) as won_count,
        sum(coalesce(amount, 0)) as won_amount
    from wins_of_members
    group by rep_key, tenure_months
),

ramp as (
    select
        months_served.source_system,
        months_served.hire_quarter,
        months_served.tenure_months,
        months_served.as_of_date,
        count(*) as rep_count,
        sum(case when months_served.is_hire_assumed then 1 else 0 end) as assumed_hire_count,
        sum(coalesce(won_in_month.won_count, 0)) as won_count,
        sum(coalesce(won_in_month.won_amount, 0)) as won_amount
    from months_served
    left join won_in_month
        on
            months_served.rep_key = won_in_month.rep_key
            and months_served.tenure_months = won_in_month.tenure_months
    group by
        months_served.source_system,
        months_served.hire_quarter,
        months_served.tenure_months,
        months_served.as_of_date
),

first_wins as (
    select
        rep_key,
        min(won_date) as first_win_date
    from wins_of_members
    group by rep_key
),

-- A win on the day of hire took half a day; who has not won yet was watched up to the last day seen.
waits as (
    select
        members.source_system,
        members.hire_quarter,
        cast(null as double) as entered,
        greatest(
            {{ days_between(
                'members.start_date',
                'coalesce(first_wins.first_win_date, ' ~ add_days('members.end_date', -1) ~ ')'
            ) }},
            0.5
        ) as ended,
        first_wins.rep_key is not null as is_exit,
        1 as stay_count
    from members
    left join first_wins on members.rep_key = first_wins.rep_key
    where members.start_date >= members.history_date
),

curves as (
    {{ kaplan_meier('waits', ['source_system', 'hire_quarter']) }}
),

medians as (
    select
        source_system,
        hire_quarter,
        {{ kaplan_meier_median() }} as median_days
    from curves
    group by source_system, hire_quarter
),

waits_of_cohorts as (
    select
        source_system,
        hire_quarter,
        count(*) as followed_count,
        sum(case when is_exit then 1 else 0 end) as first_win_count,
        max(ended) as longest_days
    from waits
    group by source_system, hire_quarter
),

final as (
    select
        ramp.source_system,
        ramp.hire_quarter,
        ramp.tenure_months,
        cast(ramp.rep_count as bigint) as rep_count,
        cast(ramp.assumed_hire_count as bigint) as assumed_hire_count,
        cast(ramp.won_count as bigint) as won_count,
        cast(ramp.won_amount as decimal(18, 2)) as won_amount,
        {{ rate('ramp.won_count', 'ramp.rep_count') }} as won_count_per_rep,
        {{ rate('ramp.won_amount', 'ramp.rep_count') }} as won_amount_per_rep,
        cast(coalesce(waits_of_cohorts.followed_count, 0) as bigint) as followed_count,
        cast(coalesce(waits_of_cohorts.first_win_count, 0) as bigint) as first_win_count,
        medians.median_days as median_days_to_first_win,
        waits_of_cohorts.longest_days as longest_followed_days,
        ramp.as_of_date
    from ramp
    left join waits_of_cohorts
        on
            ramp.source_system = waits_of_cohorts.source_system
            and ramp.hire_quarter = waits_of_cohorts.hire_quarter
    left join medians
        on
            ramp.source_system = medians.source_system
            and ramp.hire_quarter = medians.hire_quarter
)

select * from final
