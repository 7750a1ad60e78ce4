-- One row a pipeline × open stage: the days within which nine of ten opportunities that reached
-- the stage had ended, among those that ended in the year up to today. An entry older than that
-- is mature: its outcome is as good as known.
with

reached as (
    select * from {{ ref('int_stages_reached') }}
),

milestones as (
    select * from {{ ref('int_opportunity_milestones') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ended as (
    select
        reached.pipeline_key,
        reached.stage_key,
        {{ days_between('reached.reached_at', 'milestones.closed_at') }} as days_to_end
    from reached
    inner join milestones on reached.opportunity_key = milestones.opportunity_key
    cross join as_of
    where
        reached.outcome in ('won', 'lost')
        and milestones.closed_at >= reached.reached_at
        and milestones.closed_at >= {{ dbt.dateadd('year', -1, 'as_of.as_of_at') }}
),

final as (
    select
        pipeline_key,
        stage_key,
        -- Interpolation may leave a whole number a hair beside itself.
        round({{ percentile('days_to_end', 0.9) }}, 9) as horizon_days
    from ended
    group by pipeline_key, stage_key
)

select * from final
