-- One row a pipeline that has opportunities, the largest first.
with

named as (
    select
        pipeline_key,
        max(pipeline_name) as pipeline_name,
        max(source_system) as source_system
    from marts.dim_stage
    group by pipeline_key
),

counted as (
    select
        pipeline_key,
        min(source_system) as source_system,
        count(*) as opportunity_count,
        count(*) filter (where outcome = 'open') as open_count,
        count(*) filter (where outcome = 'won') as won_count,
        count(*) filter (where outcome = 'lost') as lost_count,
        coalesce(sum(amount) filter (where outcome = 'open'), 0) as open_amount,
        count(*) filter (where outcome = 'open' and amount is null) as unpriced_count
    from marts.fct_opportunity
    group by pipeline_key
),

rated as (
    select
        pipeline_key,
        value,
        value_low,
        value_high,
        denominator
    from marts.win_rate
    where metric_id = 'win_rate_period_broad' and grain = 'all' and dimension = 'all'
),

final as (
    select
        counted.pipeline_key,
        coalesce(named.pipeline_name, 'unknown') as pipeline_name,
        counted.source_system,
        counted.opportunity_count,
        counted.open_count,
        counted.won_count,
        counted.lost_count,
        counted.open_amount,
        counted.unpriced_count,
        rated.value as win_rate,
        rated.value_low as win_rate_low,
        rated.value_high as win_rate_high
    from counted
    left join named on counted.pipeline_key = named.pipeline_key
    left join rated on counted.pipeline_key = rated.pipeline_key
)

select * from final
order by opportunity_count desc, pipeline_key
