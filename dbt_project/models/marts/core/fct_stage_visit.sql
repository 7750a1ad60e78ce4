-- One row a stay of an opportunity in one open stage; an open stay is censored at today.
{{ config(materialized='view') }}
with

events as (
    select * from {{ ref('int_stage_events') }}
    where stage_kind = 'open' and not is_deleted
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        events.opportunity_key,
        events.visit_number,
        events.pipeline_key,
        events.stage_key,
        events.stage_rank,
        events.owner_key,
        events.attempt_number,
        events.occurred_at as entered_at,
        events.next_occurred_at as exited_at,
        case
            when events.next_stage_kind is null then 'open'
            when events.next_pipeline_key <> events.pipeline_key then 'handed_off'
            when events.next_stage_kind in ('won', 'lost') then events.next_stage_kind
            when events.next_stage_rank < events.stage_rank then 'regressed'
            else 'advanced'
        end as exit_kind,
        {{ days_between(
            'events.occurred_at',
            'case when events.next_stage_kind is null then as_of.as_of_at '
            ~ 'else events.next_occurred_at end'
        ) }} as days_in_stage,
        events.next_stage_kind is null as is_censored
    from events
    cross join as_of
)

select * from final
