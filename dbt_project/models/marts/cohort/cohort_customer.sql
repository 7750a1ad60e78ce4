-- One row a source × month of an account's first win × age in months that the whole month has
-- reached: how many of the accounts have won again by that age, how many grew, and their amounts.
--
-- Accounts that were merged away count as the one that survived. All that is won on the day of the
-- first win is the first win. Accounts nobody knows and wins without a day are in no cohort.
with

wins as (
    select
        source_system,
        account_key,
        amount,
        {{ business_date('closed_at') }} as won_date
    from {{ ref('fct_opportunity') }}
    where is_won and closed_at is not null and account_key <> source_system || ':unknown'
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ages as (
    {{ numbers_to(var('triangle_months')) }}
),

first_days as (
    select
        account_key,
        min(won_date) as first_date
    from wins
    group by account_key
),

-- What each account won at each age at which it won anything.
won_at_age as (
    select
        wins.source_system,
        wins.account_key,
        {{ month_of('first_days.first_date') }} as cohort_month,
        {{ months_to_reach('first_days.first_date', 'wins.won_date') }} as age_months,
        sum(case when wins.won_date = first_days.first_date then wins.amount end) as first_amount,
        sum(case when wins.won_date > first_days.first_date then wins.amount end)
            as repeat_amount,
        sum(case when wins.won_date > first_days.first_date then 1 else 0 end)
            as repeat_win_count,
        sum(case when wins.amount is null then 1 else 0 end) as missing_amount_count
    from wins
    inner join first_days on wins.account_key = first_days.account_key
    group by wins.source_system, wins.account_key, cohort_month, age_months
),

so_far as (
    select
        *,
        greatest(coalesce(first_value(first_amount) over by_age, 0), 0) as base_amount,
        sum(coalesce(repeat_amount, 0)) over by_age as amount_so_far,
        sum(repeat_win_count) over by_age as wins_so_far
    from won_at_age
    window by_age as (
        partition by account_key
        order by age_months
        rows between unbounded preceding and current row
    )
),

-- Up to what the first win brought, repeat business keeps an account; what is beyond grows it.
states as (
    select
        *,
        case when wins_so_far > 0 then 1 else 0 end as is_retained,
        case when amount_so_far > base_amount then 1 else 0 end as is_expanded,
        case when wins_so_far > 0 then least(amount_so_far, base_amount) else 0 end
            as retained_amount,
        greatest(amount_so_far - base_amount, 0) as expanded_amount
    from so_far
),

changes as (
    select
        *,
        is_retained - lag(is_retained, 1, 0) over by_age as retained_change,
        is_expanded - lag(is_expanded, 1, 0) over by_age as expanded_change,
        retained_amount - lag(retained_amount, 1, 0) over by_age as retained_amount_change,
        expanded_amount - lag(expanded_amount, 1, 0) over by_age as expanded_amount_change
    from states
    window by_age as (partition by account_key order by age_months)
),

changes_of_cohorts as (
    select
        source_system,
        cohort_month,
        age_months,
        sum(case when age_months = 0 then 1 else 0 end) as account_count,
        sum(coalesce(first_amount, 0)) as first_amount,
        sum(missing_amount_count) as missing_amount_count,
        sum(repeat_win_count) as repeat_win_count,
        sum(retained_change) as retained_count,
        sum(expanded_change) as expanded_count,
        sum(retained_amount_change) as retained_amount,
        sum(expanded_amount_change) as expanded_amount
    from changes
    group by source_system, cohort_month, age_months
),

cohorts as (
    select distinct
        source_system,
        cohort_month
    from changes_of_cohorts
),

cells as (
    select
        cohorts.source_system,
        cohorts.cohort_month,
        ages.number as age_months,
        as_of.as_of_date
    from cohorts
    cross join as_of
    inner join ages
        on
            as_of.as_of_date
            >= {{ add_months(dbt.last_day('cohorts.cohort_month', 'month'), 'ages.number') }}
),

cumulative as (
    select
        cells.source_system,
        cells.cohort_month,
        cells.age_months,
        cells.as_of_date,
        sum(coalesce(changes_of_cohorts.account_count, 0)) over by_age as account_count,
        sum(coalesce(changes_of_cohorts.first_amount, 0)) over by_age as first_amount,
        sum(coalesce(changes_of_cohorts.missing_amount_count, 0)) over by_age
            as missing_amount_count,
        sum(coalesce(changes_of_cohorts.repeat_win_count, 0)) over by_age as repeat_win_count,
        sum(coalesce(changes_of_cohorts.retained_count, 0)) over by_age as retained_count,
        sum(coalesce(changes_of_cohorts.expanded_count, 0)) over by_age as expanded_count,
        sum(coalesce(changes_of_cohorts.retained_amount, 0)) over by_age as retained_amount,
        sum(coalesce(changes_of_cohorts.expanded_amount, 0)) over by_age as expanded_amount
    from cells
    left join changes_of_cohorts
        on
            cells.source_system = changes_of_cohorts.source_system
            and cells.cohort_month = changes_of_cohorts.cohort_month
            and cells.age_months = changes_of_cohorts.age_months
    window by_age as (
        partition by cells.source_system, cells.cohort_month
        order by cells.age_months
        rows between unbounded preceding and current row
    )
),

final as (
    select
        source_system,
        cohort_month,
        age_months,
        cast(account_count as bigint) as account_count,
        cast(first_amount as decimal(18, 2)) as first_amount,
        cast(missing_amount_count as bigint) as missing_amount_count,
        cast(repeat_win_count as bigint) as repeat_win_count,
        cast(retained_count as bigint) as retained_count,
        {{ rate('retained_count', 'account_count') }} as retained_rate,
        {{ wilson_low('retained_count', 'account_count') }} as retained_rate_low,
        {{ wilson_high('retained_count', 'account_count') }} as retained_rate_high,
        cast(expanded_count as bigint) as expanded_count,
        {{ rate('expanded_count', 'account_count') }} as expanded_rate,
        {{ wilson_low('expanded_count', 'account_count') }} as expanded_rate_low,
        {{ wilson_high('expanded_count', 'account_count') }} as expanded_rate_high,
        cast(retained_amount + expanded_amount as decimal(18, 2)) as repeat_amount,
        cast(retained_amount as decimal(18, 2)) as retained_amount,
        cast(expanded_amount as decimal(18, 2)) as expanded_amount,
        {{ money_ratio('(retained_amount + expanded_amount)', 'first_amount') }}
            as net_retention_rate,
        as_of_date
    from cumulative
)

select * from final
