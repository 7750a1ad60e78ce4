-- One row an entry of an opportunity into a stage that differs from the one before, in order, as
-- the CRM tells it: bulk moves and closes that were reversed are still in it.
--
-- Told by the stage history; by differences between nights where there is none. What neither tells
-- is filled in and flagged: the creation, and the current stage where the last record names
-- another.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities')) }}
),

history as (
    select * from {{ changed_rows(ref('int_opportunity_history')) }}
),

versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions')) }}
    where not is_absent
),

seen as (
    select * from {{ changed_rows(ref('int_seen_stage_entries')) }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

first_records as (
    select * from history
    where record_number = 1
),

last_records as (
    select * from history
    where is_last_record
),

first_open_stages as (
    select * from stages
    where stage_rank = 1
),

-- A creation before the first record.
creations as (
    select
        opportunities.opportunity_key,
        opportunities.created_at,
        first_records.pipeline_key,
        first_open_stages.stage_key
    from opportunities
    inner join first_records on opportunities.opportunity_key = first_records.opportunity_key
    left join first_open_stages on first_records.pipeline_key = first_open_stages.pipeline_key
    where {{ second_of('opportunities.created_at') }} < {{ second_of('first_records.changed_at') }}
),

-- Today's stage where the last record names another.
unrecorded as (
    select
        opportunities.*,
        last_records.pipeline_key as last_pipeline_key,
        last_records.stage_key as last_stage_key,
        last_records.changed_at as last_at,
        last_records.record_number as last_record_number
    from opportunities
    inner join last_records on opportunities.opportunity_key = last_records.opportunity_key
    where last_records.stage_key <> opportunities.stage_key
),

newest as (
    select
        versions.opportunity_key,
        max(versions.known_at) as known_at
    from versions
    inner join unrecorded on versions.opportunity_key = unrecorded.opportunity_key
    group by versions.opportunity_key
),

-- A close is entered where it is stated, if that lies before the end of the day on which it was
-- said.
ends as (
    select
        unrecorded.opportunity_key,
        unrecorded.last_record_number
        + case when creations.opportunity_key is null then 1 else 2 end as entry_number,
        unrecorded.pipeline_key,
        unrecorded.stage_key,
        greatest(
            unrecorded.last_at,
            coalesce(
                case
                    when
                        unrecorded.stage_kind in ('won', 'lost')
                        and unrecorded.stated_close_at
                        < {{ start_of_day(add_days(business_date('newest.known_at'), 1)) }}
                        then unrecorded.stated_close_at
                end,
                unrecorded.modified_at,
                unrecorded.last_at
            )
        ) as occurred_at,
        unrecorded.last_stage_key as previous_stage_key,
        unrecorded.last_pipeline_key as previous_pipeline_key
    from unrecorded
    inner join newest on unrecorded.opportunity_key = newest.opportunity_key
    left join creations on unrecorded.opportunity_key = creations.opportunity_key
),

filled_in as (
    select
        opportunity_key,
        1 as entry_number,
        pipeline_key,
        stage_key,
        created_at as occurred_at,
        cast(null as varchar) as previous_stage_key,
        cast(null as varchar) as previous_pipeline_key
    from creations
    union all
    select
        opportunity_key,
        entry_number,
        pipeline_key,
        stage_key,
        occurred_at,
        previous_stage_key,
        previous_pipeline_key
    from ends
),

told as (
    select
        history.opportunity_key,
        history.record_number
        + case when creations.opportunity_key is null then 0 else 1 end as entry_number,
        history.pipeline_key,
        history.stage_key,
        history.changed_at as occurred_at,
        history.amount,
        history.actor_key,
        history.history_id as source_record,
        'history' as origin,
        history.is_stamp,
        history.is_migration,
        coalesce(history.previous_stage_key, creations.stage_key) as previous_stage_key,
        coalesce(history.previous_pipeline_key, creations.pipeline_key) as previous_pipeline_key
    from history
    left join creations on history.opportunity_key = creations.opportunity_key
    where history.record_number = 1 or history.previous_stage_key <> history.stage_key
    union all
    select
        opportunity_key,
        entry_number,
        pipeline_key,
        stage_key,
        occurred_at,
        cast(null as decimal(18, 2)) as amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        'synthesised' as origin,
        false as is_stamp,
        false as is_migration,
        previous_stage_key,
        previous_pipeline_key
    from filled_in
    union all
    select
        opportunity_key,
        entry_number,
        pipeline_key,
        stage_key,
        occurred_at,
        amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        origin,
        false as is_stamp,
        false as is_migration,
        previous_stage_key,
        previous_pipeline_key
    from seen
),

-- Records in between repeat the stage of the entry before them; numbers have gaps where they stood.
final as (
    select
        told.opportunity_key,
        cast(told.entry_number as integer) as entry_number,
        told.pipeline_key,
        told.stage_key,
        stages.stage_rank,
        stages.stage_kind,
        told.occurred_at,
        told.amount,
        told.actor_key,
        told.source_record,
        told.origin,
        told.is_stamp,
        told.is_migration,
        told.previous_stage_key,
        previous_stages.stage_kind as previous_stage_kind,
        told.previous_pipeline_key
    from told
    left join stages on told.stage_key = stages.stage_key
    left join stages as previous_stages on told.previous_stage_key = previous_stages.stage_key
    where told.previous_stage_key is null or told.previous_stage_key <> told.stage_key
)

select * from final
