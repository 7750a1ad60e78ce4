-- One row an entry of an opportunity into a stage that differs from the one before, in order.
--
-- Order: by the second of the event; within a second by the source's own sequence where it gives
-- one, else by rank, so that a bulk edit climbs. What the CRM did not record is filled in and
-- flagged: the creation (in the first open stage, or in the current stage where nothing was ever
-- recorded) and the current stage where the last record names another.
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
    where not is_deleted
),

history as (
    select * from {{ ref('int_opportunity_history') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

recorded as (
    select
        history.opportunity_key,
        history.pipeline_key,
        history.pipeline_key || ':' || history.stage as stage_key,
        history.changed_at as occurred_at,
        0 as phase,
        history.source_sequence,
        stages.tie_rank,
        history.amount,
        history.history_id as source_record,
        history.is_stamp
    from history
    inner join opportunities on history.opportunity_key = opportunities.opportunity_key
    left join stages on history.pipeline_key || ':' || history.stage = stages.stage_key
),

placed as (
    select
        *,
        row_number() over (
            partition by opportunity_key
            order by
                {{ second_of('occurred_at') }},
                source_sequence,
                tie_rank nulls last,
                source_record nulls last
        ) as place,
        count(*) over (partition by opportunity_key) as record_count
    from recorded
),

record_ends as (
    select
        opportunity_key,
        min(occurred_at) as first_at,
        max(case when place = 1 then pipeline_key end) as first_pipeline_key,
        max(case when place = record_count then occurred_at end) as last_at,
        max(case when place = record_count then stage_key end) as last_stage_key
    from placed
    group by opportunity_key
),

first_open_stages as (
    select
        pipeline_key,
        stage_key as first_stage_key
    from stages
    where stage_rank = 1
),

known as (
    select
        opportunities.*,
        record_ends.last_stage_key,
        record_ends.first_at,
        record_ends.last_at,
        coalesce(record_ends.first_pipeline_key, opportunities.pipeline_key)
            as first_pipeline_key,
        first_open_stages.first_stage_key,
        opportunities.stage_kind in ('won', 'lost') as is_closed,
        coalesce(
            opportunities.closed_at,
            case
                when opportunities.close_date <= as_of.as_of_date
                    then cast(opportunities.close_date as timestamp)
            end,
            opportunities.modified_at,
            opportunities.created_at
        ) as ended_at
    from opportunities
    cross join as_of
    left join record_ends on opportunities.opportunity_key = record_ends.opportunity_key
    left join first_open_stages
        on
            coalesce(record_ends.first_pipeline_key, opportunities.pipeline_key)
            = first_open_stages.pipeline_key
),

creations as (
    select
        opportunity_key,
        first_pipeline_key as pipeline_key,
        case
            when last_stage_key is not null then first_stage_key
            when is_closed and (ended_at > created_at or created_at is null) then first_stage_key
            else stage_key
        end as stage_key,
        created_at as occurred_at,
        -1 as phase
    from known
    where last_stage_key is null or {{ second_of('created_at') }} < {{ second_of('first_at') }}
),

current_stages as (
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        case
            when last_stage_key is null then ended_at
            when is_closed then greatest(last_at, coalesce(closed_at, modified_at, last_at))
            else greatest(last_at, coalesce(modified_at, last_at))
        end as occurred_at,
        1 as phase
    from known
    where
        (last_stage_key is not null and last_stage_key <> stage_key)
        or (
            last_stage_key is null
            and is_closed
            and (ended_at > created_at or created_at is null)
        )
),

filled_in as (
    select
        events.opportunity_key,
        events.pipeline_key,
        events.stage_key,
        events.occurred_at,
        events.phase,
        cast(0 as bigint) as source_sequence,
        stages.tie_rank,
        cast(null as decimal(18, 2)) as amount,
        cast(null as varchar) as source_record,
        false as is_stamp
    from (
        select * from creations
        union all
        select * from current_stages
    ) as events
    left join stages on events.stage_key = stages.stage_key
),

in_order as (
    select
        *,
        row_number() over (
            partition by opportunity_key
            order by
                {{ second_of('occurred_at') }} nulls first,
                phase,
                source_sequence,
                tie_rank nulls last,
                source_record nulls last
        ) as place
    from (
        select * from recorded
        union all
        select * from filled_in
    ) as events
),

entries as (
    select
        *,
        lag(stage_key) over (partition by opportunity_key order by place) as previous_stage_key
    from in_order
),

numbered as (
    select
        *,
        row_number() over (partition by opportunity_key order by place) as event_number
    from entries
    where previous_stage_key is null or previous_stage_key <> stage_key
),

final as (
    select
        numbered.opportunity_key,
        cast(numbered.event_number as integer) as event_number,
        numbered.pipeline_key,
        numbered.stage_key,
        stages.stage_rank,
        stages.stage_kind,
        -- Events of one second are ordered by something else than their fractions: no instant lies
        -- before that of the event before it.
        max(numbered.occurred_at) over (
            partition by numbered.opportunity_key
            order by numbered.event_number
            rows between unbounded preceding and current row
        ) as occurred_at,
        numbered.amount,
        numbered.phase <> 0 as is_synthesised,
        numbered.is_stamp,
        numbered.source_record
    from numbered
    left join stages on numbered.stage_key = stages.stage_key
)

select * from final
