-- One row a named win rate × pipeline × period × slice, each with the population it counts.
--
-- Closed opportunities count in the period of their close, to the credit of whoever owned them then;
-- those of a cohort in the period of their creation, to the credit of whoever owned them at first.
{%- set closed_rates = [
    {'metric_id': 'win_rate_period_narrow', 'members': 'closed_count - no_decision_count',
     'numerator': 'won_count', 'denominator': 'closed_count - no_decision_count'},
    {'metric_id': 'win_rate_period_broad', 'members': 'closed_count',
     'numerator': 'won_count', 'denominator': 'closed_count'},
    {'metric_id': 'win_rate_value', 'members': 'priced_count',
     'numerator': 'priced_won_amount', 'denominator': 'priced_amount'},
    {'metric_id': 'win_rate_qualified', 'members': 'qualified_count',
     'numerator': 'qualified_won_count', 'denominator': 'qualified_count'},
    {'metric_id': 'win_rate_stale_adjusted', 'members': 'closed_count',
     'numerator': 'won_count', 'denominator': 'closed_count'},
] %}
with

closing_sums as (
    select * from {{ ref('int_closing_sums') }}
),

cohort_sums as (
    select * from {{ ref('int_cohort_sums') }}
),

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

horizons as (
    select * from {{ ref('int_stage_horizons') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ripening as (
    select * from {{ ref('int_ripening_sums') }}
),

drift as (
    select * from {{ ref('int_win_drift') }}
),

-- Opportunities created up to some instant are mature: as old as nine of ten were at their end.
thresholds as (
    select
        stages.pipeline_key,
        horizons.horizon_days,
        as_of.as_of_at,
        {{ month_of(business_date(days_before('as_of.as_of_at', 'horizons.horizon_days'))) }}
            as threshold_month
    from stages
    inner join horizons on stages.stage_key = horizons.stage_key
    cross join as_of
    where stages.stage_rank = 1
),

around_threshold as (
    select
        opportunities.pipeline_key,
        {{ month_of(business_date('opportunities.created_at')) }} as metric_month,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.owner_at_creation_key as owner,
        opportunities.lead_source,
        opportunities.segment,
        opportunities.opportunity_type,
        opportunities.account_industry
    from opportunities
    inner join thresholds
        on
            opportunities.pipeline_key = thresholds.pipeline_key
            and {{ month_of(business_date('opportunities.created_at')) }}
            = thresholds.threshold_month
            and {{ days_between('opportunities.created_at', 'thresholds.as_of_at') }}
            >= thresholds.horizon_days
),

stale_ages as (
    select
        pipeline_key,
        -- Interpolation may leave a whole number a hair above itself.
        ceil(round({{ percentile('sales_cycle_days', 0.95) }}, 6)) as stale_days
    from opportunities
    group by pipeline_key
),

-- Open opportunities older than all but 5 % of won ones were, by the day on which they became so.
stale as (
    select
        opportunities.pipeline_key,
        {{ business_date(
            dbt.dateadd('day', 'cast(stale_ages.stale_days as integer)', 'opportunities.created_at')
        ) }} as stale_date,
        opportunities.owner_key as owner,
        opportunities.lead_source,
        opportunities.segment,
        opportunities.opportunity_type,
        opportunities.account_industry
    from opportunities
    inner join stale_ages on opportunities.pipeline_key = stale_ages.pipeline_key
    where not opportunities.is_closed
),

stale_by_month as (
    select
        stale.*,
        {{ month_of('stale.stale_date') }} as metric_month
    from stale
    cross join as_of
    where stale.stale_date <= as_of.as_of_date
),

by_month as (
    {% for rate in closed_rates %}
    select
        '{{ rate.metric_id }}' as metric_id,
        pipeline_key,
        closed_month as metric_month,
        dimension,
        dimension_value,
        cast({{ rate.numerator }} as decimal(38, 2)) as numerator,
        cast({{ rate.denominator }} as decimal(38, 6)) as denominator,
        {{ rate.members }} as member_count,
        0 as censored_count,
        cast(0 as decimal(38, 6)) as squared_share_sum
    from closing_sums
    where {{ rate.members }} > 0
    union all
    {% endfor %}
    select
        'win_rate_stale_adjusted' as metric_id,
        pipeline_key,
        metric_month,
        {{ slice_columns() }},
        0 as numerator,
        count(*) as denominator,
        count(*) as member_count,
        count(*) as censored_count,
        0 as squared_share_sum
    from stale_by_month
    {{ group_by_slices(['pipeline_key', 'metric_month']) }}
    union all
    select
        'win_rate_cohort_mature' as metric_id,
        cohort_sums.pipeline_key,
        cohort_sums.cohort_month as metric_month,
        cohort_sums.dimension,
        cohort_sums.dimension_value,
        case when cohort_sums.outcome = 'won' then cohort_sums.member_count else 0 end as numerator,
        cohort_sums.member_count as denominator,
        cohort_sums.member_count,
        case when cohort_sums.outcome = 'open' then cohort_sums.member_count else 0 end
            as censored_count,
        0 as squared_share_sum
    from cohort_sums
    inner join thresholds
        on
            cohort_sums.pipeline_key = thresholds.pipeline_key
            and cohort_sums.cohort_month < thresholds.threshold_month
    union all
    select
        'win_rate_cohort_mature' as metric_id,
        pipeline_key,
        metric_month,
        {{ slice_columns() }},
        sum(case when is_won then 1 else 0 end) as numerator,
        count(*) as denominator,
        count(*) as member_count,
        sum(case when is_closed then 0 else 1 end) as censored_count,
        0 as squared_share_sum
    from around_threshold
    {{ group_by_slices(['pipeline_key', 'metric_month']) }}
    union all
    select
        'win_rate_cohort_adjusted' as metric_id,
        pipeline_key,
        metric_month,
        dimension,
        dimension_value,
        won_count as numerator,
        share_sum as denominator,
        member_count,
        open_count as censored_count,
        squared_share_sum
    from ripening
),

periods as (
    select
        'all' as grain,
        cast(null as date) as period_start,
        *
    from by_month
    union all
    select
        'month',
        metric_month,
        *
    from by_month
    where metric_month is not null
    union all
    select
        'quarter',
        {{ quarter_of('metric_month') }},
        *
    from by_month
    where metric_month is not null
),

summed as (
    select
        metric_id,
        pipeline_key,
        grain,
        period_start,
        dimension,
        dimension_value,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(member_count) as member_count,
        sum(censored_count) as censored_count,
        sum(squared_share_sum) as squared_share_sum
    from periods
    group by metric_id, pipeline_key, grain, period_start, dimension, dimension_value
),

final as (
    select
        summed.metric_id,
        summed.pipeline_key,
        summed.grain,
        summed.period_start,
        summed.dimension,
        summed.dimension_value,
        cast(summed.numerator as decimal(18, 2)) as numerator,
        cast(summed.denominator as decimal(22, 6)) as denominator,
        case
            when summed.metric_id <> 'win_rate_cohort_adjusted'
                then {{ rate('summed.numerator', 'summed.denominator') }}
            when summed.denominator >= 5
                then least({{ rate('summed.numerator', 'summed.denominator') }}, 1)
        end as value,
        case
            -- Shares of money are no proportion of independent trials: no interval.
            when summed.metric_id = 'win_rate_value' then null
            when summed.metric_id <> 'win_rate_cohort_adjusted'
                then {{ wilson_low('summed.numerator', 'summed.denominator') }}
            when summed.denominator >= 5
                then {{ score_low(
                    'summed.numerator', 'summed.denominator', 'summed.squared_share_sum'
                ) }}
        end as value_low,
        case
            when summed.metric_id = 'win_rate_value' then null
            when summed.metric_id <> 'win_rate_cohort_adjusted'
                then {{ wilson_high('summed.numerator', 'summed.denominator') }}
            when summed.denominator >= 5
                then {{ score_high(
                    'summed.numerator', 'summed.denominator', 'summed.squared_share_sum'
                ) }}
        end as value_high,
        cast(summed.member_count as bigint) as member_count,
        cast(summed.censored_count as bigint) as censored_count,
        case summed.grain
            when 'all' then true
            when 'month'
                then {{ add_months('summed.period_start', 1) }}
                <= {{ dbt.dateadd('day', 1, 'as_of.as_of_date') }}
            else
                {{ add_months('summed.period_start', 3) }}
                <= {{ dbt.dateadd('day', 1, 'as_of.as_of_date') }}
        end as is_mature,
        drift.drift_chi_square,
        drift.drift_degrees,
        drift.is_drifting,
        as_of.as_of_date
    from summed
    cross join as_of
    left join drift
        on
            summed.metric_id = 'win_rate_cohort_adjusted'
            and summed.pipeline_key = drift.pipeline_key
            and summed.grain = drift.grain
            and summed.period_start is not distinct from drift.period_start
            and summed.dimension = drift.dimension
            and summed.dimension_value = drift.dimension_value
)

select * from final
