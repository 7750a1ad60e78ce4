-- One row a stay in an open stage: from its entry to the entry into another stage, or to today.
with

events as (
    select * from {{ ref('int_stage_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

with_next as (
    select
        *,
        lead(occurred_at) over in_order as exited_at,
        lead(pipeline_key) over in_order as next_pipeline_key,
        lead(stage_kind) over in_order as next_stage_kind,
        lead(stage_rank) over in_order as next_stage_rank,
        lead(event_number) over in_order as next_event_number
    from events
    window in_order as (partition by opportunity_key order by event_number)
),

final as (
    select
        with_next.opportunity_key,
        cast(
            row_number() over (
                partition by with_next.opportunity_key order by with_next.event_number
            ) as integer
        ) as visit_number,
        with_next.pipeline_key,
        with_next.stage_key,
        with_next.stage_rank,
        with_next.occurred_at as entered_at,
        with_next.exited_at,
        case
            when with_next.next_event_number is null then 'open'
            when with_next.next_pipeline_key <> with_next.pipeline_key then 'handed_off'
            when with_next.next_stage_kind in ('won', 'lost') then with_next.next_stage_kind
            when with_next.next_stage_rank < with_next.stage_rank then 'regressed'
            else 'advanced'
        end as exit_kind,
        {{ days_between('with_next.occurred_at', 'coalesce(with_next.exited_at, as_of.as_of_at)') }}
            as days_in_stage,
        with_next.next_event_number is null as is_censored
    from with_next
    cross join as_of
    where with_next.stage_kind = 'open'
)

select * from final
