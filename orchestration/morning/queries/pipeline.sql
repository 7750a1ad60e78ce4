-- One row a stage: what is open on the as-of date, and what was open four weeks before.
with

as_of as (
    select cast($as_of as date) as as_of_date
),

stages as (
    select
        stage_key,
        stage_name,
        stage_rank
    from marts.dim_stage
    where pipeline_key = $pipeline
),

days as (
    select daily.*
    from marts.pipeline_daily as daily
    where daily.pipeline_key = $pipeline
),

summed as (
    select
        days.stage_key,
        as_of.as_of_date,
        sum(days.open_count) filter (where days.date_day = as_of.as_of_date) as open_count,
        sum(days.open_amount) filter (where days.date_day = as_of.as_of_date) as open_amount,
        sum(days.past_due_count) filter (where days.date_day = as_of.as_of_date)
            as past_due_count,
        sum(days.past_due_amount) filter (where days.date_day = as_of.as_of_date)
            as past_due_amount,
        sum(days.open_count) filter (where days.date_day = as_of.as_of_date - 28)
            as then_open_count,
        sum(days.open_amount) filter (where days.date_day = as_of.as_of_date - 28)
            as then_open_amount
    from days
    cross join as_of
    where days.date_day in (as_of.as_of_date, as_of.as_of_date - 28)
    group by days.stage_key, as_of.as_of_date
),

final as (
    select
        summed.stage_key,
        coalesce(stages.stage_name, 'unknown') as stage_name,
        stages.stage_rank,
        summed.as_of_date - 28 as then_date,
        cast(coalesce(summed.open_count, 0) as bigint) as open_count,
        coalesce(summed.open_amount, 0) as open_amount,
        cast(coalesce(summed.past_due_count, 0) as bigint) as past_due_count,
        coalesce(summed.past_due_amount, 0) as past_due_amount,
        cast(coalesce(summed.then_open_count, 0) as bigint) as then_open_count,
        coalesce(summed.then_open_amount, 0) as then_open_amount
    from summed
    left join stages on summed.stage_key = stages.stage_key
)

select * from final
order by stage_rank nulls last, stage_key
