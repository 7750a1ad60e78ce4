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

told as (
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        changed_at as occurred_at,
        source_sequence,
        amount,
        actor_key,
        history_id as source_record,
        'history' as origin,
        is_stamp,
        is_migration
    from history
    union all
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        occurred_at,
        cast(version_number as bigint) as source_sequence,
        amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        'nights' as origin,
        false as is_stamp,
        false as is_migration
    from seen_changes
    where version_number > 1
),

placed as (
    select
        told.*,
        stages.tie_rank,
        row_number() over by_time as place,
        count(*) over (partition by told.opportunity_key) as record_count
    from told
    left join stages on told.stage_key = stages.stage_key
    window by_time as (
        partition by told.opportunity_key
        order by
            {{ second_of('told.occurred_at') }},
            told.source_sequence,
            stages.tie_rank nulls last,
            told.source_record nulls last
    )
),

record_ends as (
    select
        opportunity_key,
        min(occurred_at) as first_at,
        max(case when place = 1 then pipeline_key end) as first_pipeline_key,
        max(case when place = record_count then occurred_at end) as last_at,
        max(case when place = record_count then stage_key end) as last_stage_key
    from placed
    where place = 1 or place = record_count
    group by opportunity_key
),

-- How nights first showed an opportunity without stage history.
first_seen as (
    select * from seen_changes
    where version_number = 1
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
        opportunities.opportunity_key,
        opportunities.created_at,
        opportunities.pipeline_key,
        opportunities.stage_key,
        opportunities.stated_close_at,
        opportunities.modified_at,
        opportunities.stage_kind in ('won', 'lost') as is_closed,
        first_seen.opportunity_key is null as is_recorded,
        record_ends.last_stage_key,
        record_ends.first_at,
        record_ends.last_at,
        coalesce(
            first_seen.pipeline_key, record_ends.first_pipeline_key, opportunities.pipeline_key
        ) as first_pipeline_key,
        first_seen.stage_key as base_stage_key,
        first_seen.stage_kind <> 'open' as is_base_closed,
        first_seen.ended_at as base_ended_at,
        first_seen.amount as base_amount,
        first_seen.batch_date as first_seen_date
    from opportunities
    left join record_ends on opportunities.opportunity_key = record_ends.opportunity_key
    left join first_seen on opportunities.opportunity_key = first_seen.opportunity_key
),

newest as (
    select
        opportunity_key,
        max(known_at) as known_at
    from versions
    group by opportunity_key
),

-- Today's stage where the last record names another. A close is entered where it is stated, if that
-- lies before the end of the day on which it was said.
unrecorded_ends as (
    select
        known.opportunity_key,
        known.pipeline_key,
        known.stage_key,
        greatest(
            known.last_at,
            coalesce(
                case
                    when
                        known.is_closed
                        and known.stated_close_at
                        < {{ start_of_day(add_days(business_date('newest.known_at'), 1)) }}
                        then known.stated_close_at
                end,
                known.modified_at,
                known.last_at
            )
        ) as occurred_at
    from known
    inner join newest on known.opportunity_key = newest.opportunity_key
    where known.is_recorded and known.last_stage_key <> known.stage_key
),

filled_in as (
    select
        known.opportunity_key,
        known.first_pipeline_key as pipeline_key,
        case
            when
                known.is_recorded
                or (
                    known.is_base_closed
                    and (known.base_ended_at > known.created_at or known.created_at is null)
                )
                then first_open_stages.first_stage_key
            else known.base_stage_key
        end as stage_key,
        known.created_at as occurred_at,
        -1 as phase,
        known.base_amount as amount,
        -- Seen within the night after its creation, an opportunity was observed from the start.
        case
            when
                not known.is_recorded
                and not (
                    known.is_base_closed
                    and (known.base_ended_at > known.created_at or known.created_at is null)
                )
                and known.first_seen_date <= {{ add_days(business_date('known.created_at'), 1) }}
                then 'nights'
            else 'synthesised'
        end as origin
    from known
    left join first_open_stages on known.first_pipeline_key = first_open_stages.pipeline_key
    where
        not known.is_recorded
        or {{ second_of('known.created_at') }} < {{ second_of('known.first_at') }}
    union all
    -- The end of what was closed when it was first seen, but not when it was created.
    select
        opportunity_key,
        first_pipeline_key as pipeline_key,
        base_stage_key as stage_key,
        base_ended_at as occurred_at,
        -1 as phase,
        base_amount as amount,
        'synthesised' as origin
    from known
    where
        not is_recorded
        and is_base_closed
        and (base_ended_at > created_at or created_at is null)
    union all
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        occurred_at,
        1 as phase,
        cast(null as decimal(18, 2)) as amount,
        'synthesised' as origin
    from unrecorded_ends
),

all_entries as (
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        occurred_at,
        0 as phase,
        source_sequence,
        amount,
        actor_key,
        source_record,
        origin,
        is_stamp,
        is_migration
    from told
    union all
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        occurred_at,
        phase,
        cast(0 as bigint) as source_sequence,
        amount,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as source_record,
        origin,
        false as is_stamp,
        false as is_migration
    from filled_in
),

in_order as (
    select
        all_entries.opportunity_key,
        all_entries.pipeline_key,
        all_entries.stage_key,
        stages.stage_rank,
        stages.stage_kind,
        all_entries.amount,
        all_entries.actor_key,
        all_entries.source_record,
        all_entries.origin,
        all_entries.is_stamp,
        all_entries.is_migration,
        row_number() over by_time as entry_number,
        all_entries.occurred_at,
        lag(all_entries.stage_key) over by_time as previous_stage_key,
        lag(stages.stage_kind) over by_time as previous_stage_kind,
        lag(all_entries.pipeline_key) over by_time as previous_pipeline_key
    from all_entries
    left join stages on all_entries.stage_key = stages.stage_key
    window by_time as (
        partition by all_entries.opportunity_key
        order by
            {{ second_of('all_entries.occurred_at') }} nulls first,
            all_entries.phase,
            all_entries.source_sequence,
            stages.tie_rank nulls last,
            all_entries.source_record nulls last
    )
),

-- Records in between repeat the stage of the entry before them; numbers have gaps where they stood.
final as (
    select
        opportunity_key,
        cast(entry_number as integer) as entry_number,
        pipeline_key,
        stage_key,
        stage_rank,
        stage_kind,
        -- Entries of one second are ordered by something else than their fractions: no instant lies
        -- before that of the entry before it.
        max(occurred_at) over (
            partition by opportunity_key
            order by entry_number
            rows between unbounded preceding and current row
        ) as occurred_at,
        amount,
        actor_key,
        source_record,
        origin,
        is_stamp,
        is_migration,
        previous_stage_key,
        previous_stage_kind,
        previous_pipeline_key
    from in_order
    where previous_stage_key is null or previous_stage_key <> stage_key
)

select * from final
