-- One row an opportunity × pipeline it was ever in: how far it came there and how it ended there.
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

stays as (
    select
        opportunity_key,
        pipeline_key,
        min(event_number) as first_event_number,
        max(stage_rank) as highest_open_rank,
        {{ climbed_rank('stage_rank', 'event_number') }} as climbed_rank,
        -- The end of all, where it lies in this pipeline.
        max(case when next_pipeline_key is null then stage_kind end) as last_stage_kind
    from events
    group by opportunity_key, pipeline_key
),

ended as (
    select
        stays.opportunity_key,
        stays.pipeline_key,
        stays.first_event_number,
        stays.highest_open_rank,
        stays.climbed_rank,
        pipelines.stage_count,
        coalesce(stays.last_stage_kind, 'handed_off') as outcome
    from stays
    left join pipelines on stays.pipeline_key = pipelines.pipeline_key
),

final as (
    select
        opportunity_key,
        pipeline_key,
        first_event_number,
        stage_count,
        outcome,
        climbed_rank,
        -- Winning passes every stage; a loss passes none. An opportunity exists from the first
        -- open stage on, also when it was created lost.
        case
            when outcome = 'won' then stage_count
            else greatest(coalesce(highest_open_rank, 1), 1)
        end as furthest_stage_rank
    from ended
)

select * from final
