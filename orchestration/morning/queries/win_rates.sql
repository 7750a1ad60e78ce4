-- One row a named win rate: over all time, and in the newest quarter that has ended.
with

registered as (
    select
        metric_id,
        metric_name,
        formula,
        population
    from marts.metric_registry
    where mart_name = 'win_rate'
),

rates as (
    select *
    from marts.win_rate
    where dimension = 'all' and pipeline_key = $pipeline
),

newest as (
    select max(period_start) as quarter_start
    from rates
    where grain = 'quarter' and is_mature
),

of_all_time as (
    select *
    from rates
    where grain = 'all'
),

of_quarter as (
    select rates.*
    from rates
    inner join newest on rates.period_start = newest.quarter_start
    where rates.grain = 'quarter'
),

final as (
    select
        registered.metric_id,
        registered.metric_name,
        registered.formula,
        registered.population,
        of_all_time.numerator,
        of_all_time.denominator,
        of_all_time.value,
        of_all_time.value_low,
        of_all_time.value_high,
        of_all_time.member_count,
        of_all_time.censored_count,
        of_quarter.value as quarter_value,
        of_quarter.value_low as quarter_value_low,
        of_quarter.value_high as quarter_value_high,
        of_quarter.member_count as quarter_member_count,
        newest.quarter_start
    from registered
    inner join of_all_time on registered.metric_id = of_all_time.metric_id
    left join of_quarter on registered.metric_id = of_quarter.metric_id
    cross join newest
)

select * from final
order by value desc nulls last, metric_id
