-- One row an opportunity × open stage reached, by the furthest-stage rule: a stage counts as
-- reached when any stage of its rank or higher was entered, or the opportunity is won.
with

events as (
    select * from {{ ref('int_stage_events') }}
),

stays as (
    select * from {{ ref('int_pipeline_stays') }}
),

stages as (
    select * from {{ ref('int_stages') }}
    where stage_kind = 'open'
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

event_ranks as (
    select
        events.opportunity_key,
        events.pipeline_key,
        events.event_number,
        events.occurred_at,
        coalesce(events.amount, opportunities.amount) as amount,
        case
            when events.stage_kind = 'won' and stays.outcome = 'won' then stays.stage_count
            when events.stage_kind = 'open' then events.stage_rank
            -- Being there at all is having reached the first stage.
            when events.event_number = stays.first_event_number then 1
            else 0
        end as passed_rank
    from events
    inner join stays
        on
            events.opportunity_key = stays.opportunity_key
            and events.pipeline_key = stays.pipeline_key
    inner join opportunities on events.opportunity_key = opportunities.opportunity_key
),

with_maximum as (
    select
        *,
        max(passed_rank) over (
            partition by opportunity_key, pipeline_key
            order by event_number
            rows between unbounded preceding and current row
        ) as maximum_rank
    from event_ranks
),

steps as (
    select
        *,
        coalesce(
            lag(maximum_rank) over (
                partition by opportunity_key, pipeline_key order by event_number
            ),
            0
        ) as previous_maximum_rank
    from with_maximum
),

occupied as (
    select distinct
        opportunity_key,
        stage_key
    from events
    where stage_kind = 'open'
),

final as (
    select
        steps.opportunity_key,
        steps.pipeline_key,
        stages.stage_key,
        stages.stage_name,
        stages.stage_rank,
        steps.occurred_at as reached_at,
        steps.amount as reached_amount,
        occupied.stage_key is null as is_imputed,
        stays.outcome,
        stays.furthest_stage_rank,
        stays.entry_stage_rank,
        stays.stage_count,
        case
            when stages.stage_rank < stays.stage_count
                then stays.furthest_stage_rank > stages.stage_rank
            else stays.outcome = 'won'
        end as has_reached_next
    from steps
    inner join stages
        on
            steps.pipeline_key = stages.pipeline_key
            and steps.previous_maximum_rank < stages.stage_rank
            and steps.maximum_rank >= stages.stage_rank
    inner join stays
        on
            steps.opportunity_key = stays.opportunity_key
            and steps.pipeline_key = stays.pipeline_key
    left join occupied
        on
            steps.opportunity_key = occupied.opportunity_key
            and stages.stage_key = occupied.stage_key
)

select * from final
