-- One row a month that has ended, the newest thirteen: sales velocity over the six months up to its
-- end, `open_count * won_mean_amount * win_rate / mean_cycle_days`, beside what was really won a day.
-- Every factor is one of deals from their creation on, so that they may be multiplied.
with

opportunities as (
    select
        created_at,
        closed_at,
        is_won,
        amount,
        sales_cycle_days
    from marts.fct_opportunity
    where pipeline_key = $pipeline
),

first_day as (
    select
        cast(
            date_trunc('month', min(created_at) at time zone 'UTC' at time zone $zone) as date
        ) as first_date
    from opportunities
),

-- A window that begins before the first deal was created would count an empty pipeline.
windows as (
    select
        cast(months.month_start as date) as last_month,
        cast(months.month_start - interval 5 month as date) as from_date,
        cast(months.month_start + interval 1 month as date) as before_date,
        -- The same days as instants: a dozen are converted, and not every deal's.
        (months.month_start - interval 5 month) at time zone $zone at time zone 'UTC' as from_at,
        (months.month_start + interval 1 month) at time zone $zone at time zone 'UTC' as before_at
    from first_day
    cross join
        unnest(
            generate_series(
                date_trunc('month', cast($as_of as date) + 1) - interval 13 month,
                date_trunc('month', cast($as_of as date) + 1) - interval 1 month,
                interval 1 month
            )
        ) as months (month_start)
    where months.month_start - interval 5 month > first_day.first_date
),

standing as (
    select
        windows.last_month,
        count(opportunities.created_at) as open_count
    from windows
    left join opportunities
        on
            opportunities.created_at < windows.from_at
            and coalesce(opportunities.closed_at >= windows.from_at, true)
    group by windows.last_month
),

won as (
    select
        windows.last_month,
        count(opportunities.closed_at) as won_count,
        count(opportunities.amount) as priced_won_count,
        coalesce(sum(opportunities.amount), 0) as won_amount,
        avg(opportunities.sales_cycle_days) as mean_cycle_days,
        -- Variances of the means.
        var_samp(cast(opportunities.amount as double)) / count(opportunities.amount)
            as won_mean_amount_variance,
        var_samp(opportunities.sales_cycle_days) / count(opportunities.sales_cycle_days)
            as mean_cycle_days_variance
    from windows
    left join opportunities
        on
            opportunities.is_won
            and opportunities.closed_at >= windows.from_at
            and opportunities.closed_at < windows.before_at
    group by windows.last_month
),

rated as (
    select
        windows.last_month,
        case
            when sum(rates.denominator) >= 5
                then least(cast(sum(rates.numerator) as double) / sum(rates.denominator), 1)
        end as win_rate,
        cast(sum(rates.numerator) as double) as cohort_won_count
    from windows
    left join marts.win_rate as rates
        on
            rates.metric_id = 'win_rate_cohort_adjusted'
            and rates.grain = 'month'
            and rates.dimension = 'all'
            and rates.pipeline_key = $pipeline
            and rates.period_start >= windows.from_date
            and rates.period_start < windows.before_date
    group by windows.last_month
),

final as (
    select
        windows.last_month,
        windows.from_date,
        cast(windows.before_date - 1 as date) as to_date,
        standing.open_count,
        won.won_count,
        won.won_amount,
        cast(won.won_amount as double) / nullif(won.priced_won_count, 0) as won_mean_amount,
        won.mean_cycle_days,
        rated.win_rate,
        nullif(standing.open_count, 0)
        * nullif(
            greatest(cast(won.won_amount as double) / nullif(won.priced_won_count, 0), 0), 0
        )
        * nullif(rated.win_rate, 0)
        / nullif(won.mean_cycle_days, 0) as velocity,
        -- The standard error of its logarithm, of which those of independent factors are the parts.
        sqrt(
            won.won_mean_amount_variance
            / nullif(power(cast(won.won_amount as double) / won.priced_won_count, 2), 0)
            + (1 - rated.win_rate) / nullif(rated.cohort_won_count, 0)
            + won.mean_cycle_days_variance / nullif(power(won.mean_cycle_days, 2), 0)
        ) as velocity_error,
        cast(won.won_amount as double)
        / (windows.before_date - windows.from_date) as won_a_day
    from windows
    inner join standing on windows.last_month = standing.last_month
    inner join won on windows.last_month = won.last_month
    inner join rated on windows.last_month = rated.last_month
)

select * from final
order by last_month
