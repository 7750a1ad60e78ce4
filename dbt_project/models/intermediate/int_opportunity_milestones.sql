-- One row an opportunity: what its stage events add up to.
with

events as (
    select * from {{ ref('int_stage_events') }}
),

visits as (
    select * from {{ ref('int_stage_visits') }}
),

reached as (
    select * from {{ ref('int_stages_reached') }}
),

history as (
    select * from {{ ref('int_opportunity_history') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

neighbours as (
    select
        *,
        lag(stage_kind) over (partition by opportunity_key order by event_number) as previous_kind,
        row_number() over (partition by opportunity_key order by event_number desc)
            as place_from_end
    from events
),

event_sums as (
    select
        opportunity_key,
        max(case when place_from_end = 1 then stage_kind end) as outcome,
        max(case when place_from_end = 1 then stage_key end) as current_stage_key,
        max(case when place_from_end = 1 and stage_kind <> 'open' then occurred_at end)
            as closed_at,
        sum(case when stage_kind = 'open' and previous_kind in ('won', 'lost') then 1 else 0 end)
            as reopen_count,
        max(
            case when event_number = 1 and stage_rank > 1 and not is_synthesised then 1 else 0 end
        ) = 1 as is_late_created,
        max(case when event_number = 1 and stage_kind = 'won' then 1 else 0 end) = 1
            as is_created_won,
        max(case when event_number = 1 and stage_kind <> 'open' then 1 else 0 end) = 1
            as is_created_closed,
        max(case when event_number = 1 then amount end) as first_amount,
        -- Stamps show one entry a stage: what happened between them is as unknown.
        max(case when is_synthesised or is_stamp then 1 else 0 end) = 1 as is_history_synthesised
    from neighbours
    group by opportunity_key
),

visit_sums as (
    select
        opportunity_key,
        count(*) as visit_count,
        sum(case when exit_kind = 'regressed' then 1 else 0 end) as regression_count
    from visits
    group by opportunity_key
),

reached_sums as (
    select
        reached.opportunity_key,
        max(reached.furthest_stage_rank) as furthest_stage_rank,
        max(case when reached.stage_rank = opportunities.qualified_rank then 1 else 0 end) = 1
            as is_qualified,
        max(
            case when reached.stage_rank = opportunities.qualified_rank then reached.reached_at end
        ) as qualified_at,
        sum(
            case
                when
                    reached.is_imputed
                    -- What came in closed has skipped nothing.
                    and reached.stage_rank
                    > coalesce(reached.entry_stage_rank, reached.stage_count)
                    then 1
                else 0
            end
        ) as skipped_stage_count
    from reached
    inner join opportunities
        on
            reached.opportunity_key = opportunities.opportunity_key
            and reached.pipeline_key = opportunities.pipeline_key
    group by reached.opportunity_key
),

close_dates as (
    select
        opportunity_key,
        close_date,
        lag(close_date) over (
            partition by opportunity_key order by changed_at, source_sequence, history_id
        ) as previous_close_date
    from history
),

pushes as (
    select
        opportunity_key,
        sum(case when close_date > previous_close_date then 1 else 0 end) as push_count
    from close_dates
    group by opportunity_key
    having count(close_date) > 0
),

final as (
    select
        event_sums.opportunity_key,
        event_sums.outcome,
        event_sums.current_stage_key,
        event_sums.closed_at,
        reached_sums.qualified_at,
        coalesce(reached_sums.furthest_stage_rank, 1) as furthest_stage_rank,
        coalesce(reached_sums.is_qualified, false) as is_qualified,
        coalesce(visit_sums.visit_count, 0) as visit_count,
        coalesce(visit_sums.regression_count, 0) as regression_count,
        coalesce(reached_sums.skipped_stage_count, 0) as skipped_stage_count,
        event_sums.reopen_count,
        pushes.push_count,
        event_sums.is_late_created,
        event_sums.is_created_won,
        event_sums.is_created_closed,
        event_sums.is_history_synthesised,
        event_sums.first_amount
    from event_sums
    left join visit_sums on event_sums.opportunity_key = visit_sums.opportunity_key
    left join reached_sums on event_sums.opportunity_key = reached_sums.opportunity_key
    left join pushes on event_sums.opportunity_key = pushes.opportunity_key
)

select * from final
