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
    select * from {{ ref('int_opportunities') }}
    {{ only_changed() }}
),

history as (
    select * from {{ ref('int_opportunity_history') }}
    {{ only_changed() }}
),

versions as (
    select * from {{ ref('int_opportunity_versions') }}
    where not is_absent
    {{ only_changed(word='and') }}
),

seen_changes as (
    select * from {{ ref('int_seen_stage_changes') }}
    {{ only_changed() }}
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

-- Told by stage history ---------------------------------------------------------------------------

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

told as (
    select
        history.opportunity_key,
        history.record_number + case when creations.opportunity_key is null then 0 else 1 end
            as entry_number,
        history.pipeline_key,
        history.stage_key,
        history.changed_at as occurred_at,
        history.amount,
        history.actor_key,
        history.history_id as source_record,
        'history' as origin,
        history.is_stamp,
        history.is_migration,
        case when history.record_number = 1 then creations.stage_key else history.previous_stage_key end
            as previous_stage_key,
        case
            when history.record_number = 1 then creations.pipeline_key
            else history.previous_pipeline_key
        end as previous_pipeline_key
    from history
    left join creations on history.opportunity_key = creations.opportunity_key
    where history.record_number = 1 or history.previous_stage_key <> history.stage_key
    union all
    select
        opportunity_key,
        1 as entry_number,
        pipeline_key,
        stage_key,
        created_at as occurred_at,
        cast(null as decimal(18, 2)) as amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        'synthesised' as origin,
        false as is_stamp,
        false as is_migration,
        cast(null as varchar) as previous_stage_key,
        cast(null as varchar) as previous_pipeline_key
    from creations
    union all
    -- A close is entered where it is stated, if that lies before the end of the day on which it was
    -- said.
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
        cast(null as decimal(18, 2)) as amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        'synthesised' as origin,
        false as is_stamp,
        false as is_migration,
        unrecorded.last_stage_key as previous_stage_key,
        unrecorded.last_pipeline_key as previous_pipeline_key
    from unrecorded
    inner join newest on unrecorded.opportunity_key = newest.opportunity_key
    left join creations on unrecorded.opportunity_key = creations.opportunity_key
),

-- Seen between nights -----------------------------------------------------------------------------

-- How nights first showed an opportunity without stage history. What was closed then, but not when
-- it was created, had been open before.
first_seen as (
    select
        seen_changes.opportunity_key,
        seen_changes.pipeline_key,
        seen_changes.stage_key,
        seen_changes.batch_date,
        seen_changes.ended_at,
        seen_changes.amount,
        opportunities.created_at,
        coalesce(
            seen_changes.stage_kind <> 'open'
            and (
                seen_changes.ended_at > opportunities.created_at
                or opportunities.created_at is null
            ),
            false
        ) as has_ended
    from seen_changes
    inner join opportunities on seen_changes.opportunity_key = opportunities.opportunity_key
    where seen_changes.version_number = 1
),

seen as (
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        occurred_at,
        version_number as place,
        amount,
        'nights' as origin
    from seen_changes
    where version_number > 1
    union all
    select
        first_seen.opportunity_key,
        first_seen.pipeline_key,
        case
            when first_seen.has_ended then first_open_stages.stage_key
            else first_seen.stage_key
        end as stage_key,
        first_seen.created_at as occurred_at,
        0 as place,
        first_seen.amount,
        -- Seen within the night after its creation, an opportunity was observed from the start.
        case
            when
                not first_seen.has_ended
                and first_seen.batch_date <= {{ add_days(business_date('first_seen.created_at'), 1) }}
                then 'nights'
            else 'synthesised'
        end as origin
    from first_seen
    left join first_open_stages on first_seen.pipeline_key = first_open_stages.pipeline_key
    union all
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        ended_at as occurred_at,
        1 as place,
        amount,
        'synthesised' as origin
    from first_seen
    where has_ended
),

seen_in_order as (
    select
        *,
        max(occurred_at) over so_far as entered_at,
        row_number() over by_time as entry_number,
        lag(stage_key) over by_time as previous_stage_key,
        lag(pipeline_key) over by_time as previous_pipeline_key
    from seen
    window
        by_time as (
            partition by opportunity_key
            order by {{ second_of('occurred_at') }} nulls first, place
        ),
        so_far as (
            partition by opportunity_key
            order by {{ second_of('occurred_at') }} nulls first, place
            rows between unbounded preceding and current row
        )
),

-- Both --------------------------------------------------------------------------------------------

all_entries as (
    select * from told
    union all
    select
        opportunity_key,
        entry_number,
        pipeline_key,
        stage_key,
        entered_at as occurred_at,
        amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        origin,
        false as is_stamp,
        false as is_migration,
        previous_stage_key,
        previous_pipeline_key
    from seen_in_order
),

-- Records in between repeat the stage of the entry before them; numbers have gaps where they stood.
final as (
    select
        all_entries.opportunity_key,
        cast(all_entries.entry_number as integer) as entry_number,
        all_entries.pipeline_key,
        all_entries.stage_key,
        stages.stage_rank,
        stages.stage_kind,
        all_entries.occurred_at,
        all_entries.amount,
        all_entries.actor_key,
        all_entries.source_record,
        all_entries.origin,
        all_entries.is_stamp,
        all_entries.is_migration,
        all_entries.previous_stage_key,
        previous_stages.stage_kind as previous_stage_kind,
        all_entries.previous_pipeline_key
    from all_entries
    left join stages on all_entries.stage_key = stages.stage_key
    left join stages as previous_stages on all_entries.previous_stage_key = previous_stages.stage_key
    where
        all_entries.previous_stage_key is null
        or all_entries.previous_stage_key <> all_entries.stage_key
)

select * from final
