-- One row a named win rate × pipeline × period × slice, each with the population it counts.
--
-- A population is a condition on opportunities; its day puts a member into a month or quarter.
{%- set won = 'case when is_won then 1 else 0 end' %}
{%- set populations = [
    {'metric_id': 'win_rate_period_narrow', 'members': 'is_closed', 'day': 'closed_date',
     'numerator': won, 'denominator': '1'},
    {'metric_id': 'win_rate_value', 'members': 'is_closed and amount > 0', 'day': 'closed_date',
     'numerator': 'case when is_won then amount else 0 end', 'denominator': 'amount'},
    {'metric_id': 'win_rate_qualified', 'members': 'is_closed and is_qualified',
     'day': 'closed_date', 'numerator': won, 'denominator': '1'},
    {'metric_id': 'win_rate_cohort_mature', 'members': 'is_mature', 'day': 'created_date',
     'numerator': won, 'denominator': '1'},
    {'metric_id': 'win_rate_stale_adjusted', 'members': 'is_closed or stale_date <= as_of_date',
     'day': 'case when is_closed then closed_date else stale_date end',
     'numerator': won, 'denominator': '1'},
] %}
with

opportunities as (
    select * from {{ ref('fct_opportunity') }}
),

slices as (
    select * from {{ ref('int_opportunity_slices') }}
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

first_stage_horizons as (
    select
        stages.pipeline_key,
        horizons.horizon_days
    from stages
    inner join horizons on stages.stage_key = horizons.stage_key
    where stages.stage_rank = 1
),

stale_ages as (
    select
        pipeline_key,
        -- Interpolation may leave a whole number a hair above itself.
        ceil(round({{ percentile('sales_cycle_days', 0.95) }}, 6)) as stale_days
    from opportunities
    group by pipeline_key
),

populated as (
    select
        opportunities.*,
        slices.owner,
        slices.segment,
        slices.account_industry,
        {{ business_date('opportunities.created_at') }} as created_date,
        {{ business_date('opportunities.closed_at') }} as closed_date,
        coalesce(
            {{ days_between('opportunities.created_at', 'as_of.as_of_at') }}
            >= first_stage_horizons.horizon_days,
            false
        ) as is_mature,
        -- The day on which an open opportunity became older than all but 5 % of won ones were.
        {{ business_date(
            dbt.dateadd('day', 'cast(stale_ages.stale_days as integer)', 'opportunities.created_at')
        ) }} as stale_date,
        as_of.as_of_date
    from opportunities
    inner join slices on opportunities.opportunity_key = slices.opportunity_key
    left join first_stage_horizons on opportunities.pipeline_key = first_stage_horizons.pipeline_key
    left join stale_ages on opportunities.pipeline_key = stale_ages.pipeline_key
    cross join as_of
),

-- One row an opportunity × metric whose population it belongs to.
members as (
    {% for population in populations %}
    select
        '{{ population.metric_id }}' as metric_id,
        pipeline_key,
        {{ slice_dimensions() | join(', ') }},
        {{ population.day }} as metric_date,
        cast({{ population.numerator }} as decimal(18, 2)) as numerator,
        cast({{ population.denominator }} as decimal(18, 2)) as denominator,
        is_closed,
        as_of_date
    from populated
    where {{ population.members }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

by_month as (
    select
        metric_id,
        pipeline_key,
        {{ month_of('metric_date') }} as metric_month,
        {{ slice_columns() }},
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(*) as member_count,
        sum(case when is_closed then 0 else 1 end) as censored_count,
        max(as_of_date) as as_of_date
    from members
    {{ group_by_slices(['metric_id', 'pipeline_key', month_of('metric_date')]) }}
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
        max(as_of_date) as as_of_date,
        {{ dbt.dateadd('day', 1, 'max(as_of_date)') }} as next_day
    from periods
    group by metric_id, pipeline_key, grain, period_start, dimension, dimension_value
),

final as (
    select
        metric_id,
        pipeline_key,
        grain,
        period_start,
        dimension,
        dimension_value,
        cast(numerator as decimal(18, 2)) as numerator,
        cast(denominator as decimal(18, 2)) as denominator,
        {{ rate('numerator', 'denominator') }} as value,
        -- Shares of money are no proportion of independent trials: no interval.
        case
            when metric_id <> 'win_rate_value' then {{ wilson_low('numerator', 'denominator') }}
        end as value_low,
        case
            when metric_id <> 'win_rate_value' then {{ wilson_high('numerator', 'denominator') }}
        end as value_high,
        cast(member_count as bigint) as member_count,
        cast(censored_count as bigint) as censored_count,
        case grain
            when 'all' then true
            when 'month' then {{ add_months('period_start', 1) }} <= next_day
            else {{ add_months('period_start', 3) }} <= next_day
        end as is_mature,
        as_of_date
    from summed
)

select * from final
