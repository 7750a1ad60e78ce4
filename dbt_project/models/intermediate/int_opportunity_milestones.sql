-- One row an opportunity that is not deleted: what its stage events add up to.
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

reached as (
    select * from {{ changed_rows(ref('int_stages_reached'), 'int_changed_stage_events') }}
),

history as (
    select *
    from {{ changed_rows(
        ref('int_opportunity_history'), 'int_changed_stage_events', is_kept=false
    ) }}
),

field_changes as (
    select * from {{ changed_rows(ref('int_field_changes'), 'int_changed_stage_events') }}
),

owner_spans as (
    select * from {{ changed_rows(ref('int_owner_spans'), 'int_changed_stage_events') }}
),

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities'), 'int_changed_stage_events') }}
    where not is_deleted
),

qualifying_stages as (
    select * from {{ ref('int_stages') }}
    where stage_rank = qualified_rank
),

event_sums as (
    select
        opportunity_key,
        max(case when next_stage_kind is null then stage_kind end) as outcome,
        max(case when next_stage_kind is null then stage_key end) as current_stage_key,
        -- No event lies before the one before it.
        max(case when is_close then occurred_at end) as last_close_at,
        max_by(owner_key, case when is_close then event_number end) as owner_at_last_close_key,
        sum(case when is_reopening then 1 else 0 end) as reopen_count,
        max(attempt_number) as attempt_count,
        max(
            case
                when event_number = 1 and told_stage_rank > 1 and not is_synthesised then 1
                else 0
            end
        ) = 1 as is_late_created,
        max(case when event_number = 1 and stage_kind = 'won' then 1 else 0 end) = 1
            as is_created_won,
        max(case when event_number = 1 and stage_kind <> 'open' then 1 else 0 end) = 1
            as is_created_closed,
        max(case when event_number = 1 then amount end) as first_amount,
        -- Stamps show one entry a stage: what happened between them is as unknown.
        max(case when has_synthesised_entry or is_stamp then 1 else 0 end) = 1
            as is_history_synthesised,
        max(visit_number) as visit_count,
        sum(
            case
                when
                    stage_kind = 'open'
                    and next_stage_kind = 'open'
                    and next_pipeline_key = pipeline_key
                    and next_stage_rank < stage_rank
                    then 1
                else 0
            end
        ) as regression_count
    from events
    group by opportunity_key
),

entry_ranks as (
    select
        stays.opportunity_key,
        stays.pipeline_key,
        stays.furthest_stage_rank,
        -- What came in closed has skipped nothing.
        coalesce(events.stage_rank, stays.stage_count) as entry_stage_rank
    from stays
    inner join events
        on
            stays.opportunity_key = events.opportunity_key
            and stays.first_event_number = events.event_number
),

-- Whatever pipeline it was in when it reached the qualifying stage of that one, it has been
-- qualified since; what has no instant lies before every instant.
qualifications as (
    select
        reached.opportunity_key,
        case when count(*) = count(reached.reached_at) then min(reached.reached_at) end
            as qualified_at
    from reached
    inner join qualifying_stages on reached.stage_key = qualifying_stages.stage_key
    group by reached.opportunity_key
),

reached_sums as (
    select
        reached.opportunity_key,
        max(entry_ranks.furthest_stage_rank) as furthest_stage_rank,
        sum(
            case
                when reached.is_imputed and reached.stage_rank > entry_ranks.entry_stage_rank
                    then 1
                else 0
            end
        ) as skipped_stage_count
    from reached
    inner join opportunities
        on
            reached.opportunity_key = opportunities.opportunity_key
            and reached.pipeline_key = opportunities.pipeline_key
    inner join entry_ranks
        on
            reached.opportunity_key = entry_ranks.opportunity_key
            and reached.pipeline_key = entry_ranks.pipeline_key
    group by reached.opportunity_key
),

record_sums as (
    select
        opportunity_key,
        min(changed_at) as first_recorded_at,
        count(close_date) as close_date_count
    from history
    group by opportunity_key
),

close_date_changes as (
    select * from field_changes
    where is_close_date_changed
),

closed_spans as (
    select
        opportunity_key,
        occurred_at as valid_from,
        next_occurred_at as valid_to
    from events
    where stage_kind <> 'open'
),

-- A push is made while the opportunity is open. What moves with the close, or after it, is none.
pushes as (
    select
        close_date_changes.opportunity_key,
        sum(
            case
                when
                    close_date_changes.new_close_date > close_date_changes.old_close_date
                    and closed_spans.opportunity_key is null
                    then 1
                else 0
            end
        ) as push_count
    from close_date_changes
    left join closed_spans
        on
            close_date_changes.opportunity_key = closed_spans.opportunity_key
            and {{ holds_at('closed_spans', 'close_date_changes.changed_at') }}
    group by close_date_changes.opportunity_key
),

-- Of those that changed owners.
creators as (
    select
        owner_spans.opportunity_key,
        owner_spans.owner_key
    from owner_spans
    inner join opportunities on owner_spans.opportunity_key = opportunities.opportunity_key
    where
        (owner_spans.valid_from is null or owner_spans.valid_from <= opportunities.created_at)
        and (
            owner_spans.valid_to is null
            or owner_spans.valid_to > opportunities.created_at
            or opportunities.created_at is null
        )
),

final as (
    select
        event_sums.opportunity_key,
        event_sums.outcome,
        event_sums.current_stage_key,
        case when event_sums.outcome <> 'open' then event_sums.last_close_at end as closed_at,
        coalesce(creators.owner_key, opportunities.owner_key) as owner_at_creation_key,
        case when event_sums.outcome <> 'open' then event_sums.owner_at_last_close_key end
            as owner_at_close_key,
        qualifications.qualified_at,
        coalesce(reached_sums.furthest_stage_rank, 1) as furthest_stage_rank,
        qualifications.opportunity_key is not null as is_qualified,
        event_sums.visit_count,
        event_sums.regression_count,
        coalesce(reached_sums.skipped_stage_count, 0) as skipped_stage_count,
        event_sums.reopen_count,
        event_sums.attempt_count,
        -- Without a change that anything told, only records that carry the date tell of no push.
        coalesce(
            pushes.push_count, case when record_sums.close_date_count > 0 then 0 end
        ) as push_count,
        record_sums.first_recorded_at,
        event_sums.is_late_created,
        event_sums.is_created_won,
        event_sums.is_created_closed,
        event_sums.is_history_synthesised,
        event_sums.first_amount
    from event_sums
    inner join opportunities on event_sums.opportunity_key = opportunities.opportunity_key
    left join creators on event_sums.opportunity_key = creators.opportunity_key
    left join reached_sums on event_sums.opportunity_key = reached_sums.opportunity_key
    left join qualifications on event_sums.opportunity_key = qualifications.opportunity_key
    left join record_sums on event_sums.opportunity_key = record_sums.opportunity_key
    left join pushes on event_sums.opportunity_key = pushes.opportunity_key
)

select * from final
