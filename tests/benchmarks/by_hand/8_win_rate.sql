-- The named win rates, by month, quarter and over all, in six slices.

create table marts.win_rate as
with

first_horizon as (
    select * from horizons
    where stage = 1
),

stale as (
    select
        month_of(stale_date) as metric_month,
        owner,
        lead_source,
        segment,
        opportunity_type,
        account_industry
    from (
        select
            *,
            cast(created_at + to_days((
                select cast(ceil(round(quantile_cont(sales_cycle_days, 0.95), 6)) as integer)
                from facts
            )) as date) as stale_date
        from facts
        where outcome = 'open'
    ) as aged
    where stale_date <= (select as_of_date from today)
),

mature as (
    select
        month_of(facts.created_at) as metric_month,
        facts.*
    from facts
    cross join first_horizon
    where
        month_of(facts.created_at) = first_horizon.threshold_month
        and (epoch_us(first_horizon.as_of_at) - epoch_us(facts.created_at)) / 86400000000.0
        >= first_horizon.horizon_days
),

counted as (
    select
        'stale' as kind,
        'open' as outcome,
        metric_month,
        owner,
        lead_source,
        segment,
        opportunity_type,
        account_industry
    from stale
    union all
    select
        'mature' as kind,
        outcome,
        metric_month,
        owner,
        lead_source,
        segment,
        opportunity_type,
        account_industry
    from mature
),

sliced as (
    select
        kind,
        metric_month,
        case
            when grouping(owner) = 0 then 'owner'
            when grouping(lead_source) = 0 then 'lead_source'
            when grouping(segment) = 0 then 'segment'
            when grouping(opportunity_type) = 0 then 'opportunity_type'
            when grouping(account_industry) = 0 then 'account_industry'
            else 'all'
        end as dimension,
        owner,
        coalesce(
            lead_source::varchar, segment::varchar, opportunity_type::varchar,
            account_industry::varchar
        ) as value,
        count(*) as member_count,
        count(*) filter (where outcome = 'won') as won_count,
        count(*) filter (where outcome = 'open') as open_count
    from counted
    group by
        grouping sets (
            (kind, metric_month),
            (kind, metric_month, owner),
            (kind, metric_month, lead_source),
            (kind, metric_month, segment),
            (kind, metric_month, opportunity_type),
            (kind, metric_month, account_industry)
        )
),

of_closings as (
    select
        closings.metric_month,
        closings.dimension,
        coalesce(owners.rep_key, closings.value, 'all') as dimension_value,
        unnest([
            {
                metric_id: 'win_rate_period_narrow',
                numerator: closed.won,
                denominator: closed.all,
                member_count: closed.all
            },
            {
                metric_id: 'win_rate_stale_adjusted',
                numerator: closed.won,
                denominator: closed.all,
                member_count: closed.all
            },
            {
                metric_id: 'win_rate_value',
                numerator: closings.priced_won_amount,
                denominator: closings.priced_amount,
                member_count: closings.priced_count
            },
            {
                metric_id: 'win_rate_qualified',
                numerator: closings.qualified_won_count,
                denominator: closings.qualified_count,
                member_count: closings.qualified_count
            }
        ], recursive := true),
        0 as censored_count
    from closings
    left join people as owners on closings.owner = owners.person
    cross join lateral (
        select
            closings.won_count as won,
            closings.closed_count as all
    ) as closed
),

by_month as (
    select
        metric_id,
        metric_month,
        dimension,
        dimension_value,
        numerator,
        denominator,
        member_count,
        censored_count
    from of_closings
    where member_count > 0
    union all
    select
        case sliced.kind when 'stale' then 'win_rate_stale_adjusted' else 'win_rate_cohort_mature' end
            as metric_id,
        sliced.metric_month,
        sliced.dimension,
        coalesce(owners.rep_key, sliced.value, 'all') as dimension_value,
        sliced.won_count as numerator,
        sliced.member_count as denominator,
        sliced.member_count,
        sliced.open_count as censored_count
    from sliced
    left join people as owners on sliced.owner = owners.person
    union all
    select
        'win_rate_cohort_mature' as metric_id,
        cohort_closings.cohort_month as metric_month,
        cohort_closings.dimension,
        cohort_closings.dimension_value,
        case when cohort_closings.outcome = 'won' then cohort_closings.member_count else 0 end
            as numerator,
        cohort_closings.member_count as denominator,
        cohort_closings.member_count,
        case when cohort_closings.outcome = 'open' then cohort_closings.member_count else 0 end
            as censored_count
    from cohort_closings
    cross join first_horizon
    where cohort_closings.cohort_month < first_horizon.threshold_month
),

periods as (
    select
        *,
        cast(date_trunc('quarter', metric_month) as date) as metric_quarter
    from by_month
),

summed as (
    select
        metric_id,
        case
            when grouping(metric_month) = 0 then 'month'
            when grouping(metric_quarter) = 0 then 'quarter'
            else 'all'
        end as grain,
        coalesce(metric_month, metric_quarter) as period_start,
        dimension,
        dimension_value,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(member_count) as member_count,
        sum(censored_count) as censored_count
    from periods
    group by
        grouping sets (
            (metric_id, dimension, dimension_value),
            (metric_id, dimension, dimension_value, metric_month),
            (metric_id, dimension, dimension_value, metric_quarter)
        )
)

select
    summed.metric_id,
    'salesforce:default' as pipeline_key,
    summed.grain,
    summed.period_start,
    summed.dimension,
    summed.dimension_value,
    cast(summed.numerator as decimal(18, 2)) as numerator,
    cast(summed.denominator as decimal(18, 2)) as denominator,
    share(summed.numerator, summed.denominator) as value,
    case
        when summed.metric_id <> 'win_rate_value'
            then wilson(summed.numerator, summed.denominator, -1)
    end as value_low,
    case
        when summed.metric_id <> 'win_rate_value'
            then wilson(summed.numerator, summed.denominator, 1)
    end as value_high,
    cast(summed.member_count as bigint) as member_count,
    cast(summed.censored_count as bigint) as censored_count,
    case summed.grain
        when 'all' then true
        when 'month' then summed.period_start + interval 1 month <= today.as_of_date + 1
        else summed.period_start + interval 3 month <= today.as_of_date + 1
    end as is_mature,
    today.as_of_date
from summed
cross join today;
