-- One row an opportunity × open stage reached, by the furthest-stage rule: a stage counts as
-- reached when any stage of its rank or higher was entered, or the opportunity is won.
-- What it held of changed opportunities is read before it is changed:
-- depends_on: {{ ref('int_left_funnel_sums') }}
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

events as (
    select * from {{ changed_rows(ref('int_stage_events'), 'int_changed_stage_events') }}
    where not is_deleted
),

stays as (
    select * from {{ changed_rows(ref('int_pipeline_stays'), 'int_changed_stage_events') }}
),

stages as (
    select * from {{ ref('int_stages') }}
    where stage_kind = 'open'
),

event_ranks as (
    select
        events.opportunity_key,
        events.pipeline_key,
        events.event_number,
        events.occurred_at,
        events.amount,
        events.owner_key,
        events.stage_rank,
        stays.outcome,
        stays.furthest_stage_rank,
        stays.stage_count,
        stays.climbed_rank,
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
),

steps as (
    select
        *,
        coalesce(
            max(passed_rank) over (
                partition by opportunity_key, pipeline_key
                order by event_number
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as previous_maximum_rank
    from event_ranks
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
        steps.owner_key,
        occupied.stage_key is null as is_imputed,
        -- In every stage up to this one, one after the other.
        stages.stage_rank <= steps.climbed_rank as is_ordered,
        steps.outcome,
        case
            when stages.stage_rank < steps.stage_count
                then steps.furthest_stage_rank > stages.stage_rank
            else steps.outcome = 'won'
        end as has_reached_next
    from steps
    inner join stages
        on
            steps.pipeline_key = stages.pipeline_key
            and steps.previous_maximum_rank < stages.stage_rank
            and steps.passed_rank >= stages.stage_rank
    left join occupied
        on
            steps.opportunity_key = occupied.opportunity_key
            and stages.stage_key = occupied.stage_key
)

select * from final
