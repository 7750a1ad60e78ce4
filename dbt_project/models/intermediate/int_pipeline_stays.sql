-- One row an opportunity × pipeline it was ever in: how far it came there and how it ended there.
with

events as (
    select * from {{ ref('int_stage_events') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

pipelines as (
    select
        pipeline_key,
        max(stage_rank) as stage_count
    from stages
    group by pipeline_key
),

last_events as (
    select
        opportunity_key,
        pipeline_key as last_pipeline_key,
        stage_kind as last_stage_kind
    from (
        select
            *,
            row_number() over (partition by opportunity_key order by event_number desc) as place
        from events
    ) as placed
    where place = 1
),

stays as (
    select
        opportunity_key,
        pipeline_key,
        min(event_number) as first_event_number,
        max(stage_rank) as highest_open_rank
    from events
    group by opportunity_key, pipeline_key
),

entries as (
    select
        stays.*,
        events.stage_rank as entry_stage_rank
    from stays
    inner join events
        on
            stays.opportunity_key = events.opportunity_key
            and stays.first_event_number = events.event_number
),

ended as (
    select
        entries.*,
        pipelines.stage_count,
        case
            when entries.pipeline_key <> last_events.last_pipeline_key then 'handed_off'
            else coalesce(last_events.last_stage_kind, 'open')
        end as outcome
    from entries
    inner join last_events on entries.opportunity_key = last_events.opportunity_key
    left join pipelines on entries.pipeline_key = pipelines.pipeline_key
),

final as (
    select
        opportunity_key,
        pipeline_key,
        first_event_number,
        entry_stage_rank,
        stage_count,
        outcome,
        -- Winning passes every stage; a loss passes none. An opportunity exists from the first
        -- open stage on, also when it was created lost.
        case
            when outcome = 'won' then stage_count
            else greatest(coalesce(highest_open_rank, 1), 1)
        end as furthest_stage_rank
    from ended
)

select * from final
