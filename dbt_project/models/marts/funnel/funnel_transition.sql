-- One row a pipeline × open stage × where stays in it went × quarter in which they ended. Ends
-- without an instant count in the row without a quarter.
with

events as (
    select * from {{ ref('int_stage_events') }}
    where stage_kind = 'open' and next_stage_kind is not null and not is_deleted
),

stages as (
    select * from {{ ref('int_stages') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

pipelines as (
    select
        pipeline_key,
        max(stage_rank) as stage_count
    from stages
    group by pipeline_key
),

transitions as (
    select
        stage_key,
        next_pipeline_key,
        next_stage_kind,
        next_stage_rank,
        {{ quarter_of(business_date('next_occurred_at')) }} as quarter_start,
        count(*) as transition_count
    from events
    group by
        stage_key, next_pipeline_key, next_stage_kind, next_stage_rank,
        {{ quarter_of(business_date('next_occurred_at')) }}
),

placed as (
    select
        stages.pipeline_key,
        stages.stage_key as from_stage_key,
        stages.stage_name as from_stage_name,
        stages.stage_rank as from_stage_rank,
        transitions.next_pipeline_key as to_pipeline_key,
        targets.stage_key as to_stage_key,
        coalesce(targets.stage_name, transitions.next_stage_kind) as to_stage_name,
        transitions.next_stage_rank as to_stage_rank,
        transitions.next_stage_kind as to_stage_kind,
        transitions.quarter_start,
        transitions.transition_count,
        transitions.next_pipeline_key = stages.pipeline_key as stays_in_pipeline,
        -- Winning lies one rank beyond the last open stage, a loss nowhere.
        coalesce(
            case
                when transitions.next_stage_kind = 'won' then pipelines.stage_count + 1
                else transitions.next_stage_rank
            end - stages.stage_rank,
            0
        ) as steps,
        sum(transitions.transition_count) over (
            partition by transitions.stage_key, transitions.quarter_start
        ) as exit_count
    from transitions
    inner join stages on transitions.stage_key = stages.stage_key
    inner join pipelines on stages.pipeline_key = pipelines.pipeline_key
    left join stages as targets
        on
            transitions.next_pipeline_key = targets.pipeline_key
            and transitions.next_stage_rank = targets.stage_rank
),

final as (
    select
        placed.pipeline_key,
        placed.from_stage_key,
        placed.from_stage_name,
        placed.from_stage_rank,
        placed.to_pipeline_key,
        placed.to_stage_key,
        placed.to_stage_name,
        placed.to_stage_rank,
        placed.to_stage_kind,
        placed.quarter_start,
        case
            when not placed.stays_in_pipeline then 'handed_off'
            when placed.to_stage_kind <> 'open' then placed.to_stage_kind
            when placed.steps < 0 then 'regressed'
            else 'advanced'
        end as exit_kind,
        case
            when placed.stays_in_pipeline then cast(greatest(placed.steps - 1, 0) as integer)
        end as skipped_stage_count,
        placed.stays_in_pipeline and placed.steps > 1 as is_jump,
        placed.stays_in_pipeline and placed.steps < 0 as is_backward,
        cast(placed.transition_count as bigint) as transition_count,
        cast(placed.exit_count as bigint) as exit_count,
        {{ rate('placed.transition_count', 'placed.exit_count') }} as transition_rate,
        {{ wilson_low('placed.transition_count', 'placed.exit_count') }} as transition_rate_low,
        {{ wilson_high('placed.transition_count', 'placed.exit_count') }} as transition_rate_high,
        as_of.as_of_date
    from placed
    cross join as_of
)

select * from final
