-- One row an entry of an opportunity without stage history into a stage, in order, as nights showed
-- it.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions')) }}
    where not is_absent
),

history as (
    select * from {{ changed_rows(ref('int_opportunity_history')) }}
    where record_number = 1
),

stages as (
    select * from {{ ref('int_stages') }}
),

stage_map as (
    select * from {{ ref('stg_flywheel__stage_map') }}
),

-- Money of the past is in today's currency of its opportunity.
opportunities as (
    select * from {{ changed_rows(ref('int_opportunities')) }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

candidates as (
    select versions.*
    from versions
    left join history on versions.opportunity_key = history.opportunity_key
    where history.opportunity_key is null
),

in_stages as (
    select
        candidates.*,
        {{ key_of('candidates.source_system', 'candidates.pipeline') }} as pipeline_key,
        {{ key_of(
            'candidates.source_system',
            "candidates.pipeline || ':' || coalesce(stage_map.canonical_stage, candidates.stage)"
        ) }} as stage_key
    from candidates
    left join stage_map
        on
            {{ is_mapped_stage(
                'candidates', 'candidates.pipeline', business_date('candidates.known_at')
            ) }}
),

compared as (
    select
        *,
        coalesce(closed_at, {{ start_of_day('close_date') }}) as stated_close_at,
        lag(stage_key) over by_version as previous_stage_key,
        lag(known_at) over by_version as previous_known_at,
        row_number() over by_version as place
    from in_stages
    window by_version as (partition by opportunity_key order by version_number)
),

changes as (
    select
        compared.opportunity_key,
        cast(compared.place as integer) as version_number,
        compared.pipeline_key,
        compared.stage_key,
        stages.stage_kind,
        compared.batch_date,
        -- A closing happened at the stated close where that fits between the nights.
        case
            when
                stages.stage_kind <> 'open'
                and compared.stated_close_at >= compared.previous_known_at
                and compared.stated_close_at
                < {{ start_of_day(add_days(business_date('compared.known_at'), 1)) }}
                then compared.stated_close_at
            else compared.known_at
        end as occurred_at,
        -- What was closed on its first night had not closed later.
        coalesce(
            case
                when
                    compared.stated_close_at
                    < {{ start_of_day(add_days('compared.batch_date', 1)) }}
                    then compared.stated_close_at
            end,
            compared.modified_at,
            compared.known_at
        ) as ended_at,
        {{ in_reporting_currency('compared.amount_local', 'plan_rates.plan_rate') }} as amount
    from compared
    left join stages on compared.stage_key = stages.stage_key
    inner join opportunities on compared.opportunity_key = opportunities.opportunity_key
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.currency_code = plan_rates.currency_code
    where compared.place = 1 or compared.stage_key <> compared.previous_stage_key
),

first_open_stages as (
    select * from stages
    where stage_rank = 1
),

-- How nights first showed an opportunity without stage history. What was closed then, but not when
-- it was created, had been open before. The amount of that night is no record of either entry: what
-- stood then is for the changes of the amount to say.
first_seen as (
    select
        changes.opportunity_key,
        changes.pipeline_key,
        changes.stage_key,
        changes.batch_date,
        changes.ended_at,
        opportunities.created_at,
        coalesce(
            changes.stage_kind <> 'open'
            and (
                changes.ended_at > opportunities.created_at
                or opportunities.created_at is null
            ),
            false
        ) as has_ended
    from changes
    inner join opportunities on changes.opportunity_key = opportunities.opportunity_key
    where changes.version_number = 1
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
    from changes
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
        cast(null as decimal(18, 2)) as amount,
        -- Seen within the night after its creation, an opportunity was observed from the start.
        case
            when
                not first_seen.has_ended
                and first_seen.batch_date
                <= {{ add_days(business_date('first_seen.created_at'), 1) }}
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
        cast(null as decimal(18, 2)) as amount,
        'synthesised' as origin
    from first_seen
    where has_ended
),

final as (
    select
        opportunity_key,
        cast(row_number() over by_night as integer) as entry_number,
        pipeline_key,
        stage_key,
        -- What a later night showed came later, also a close that is dated back behind the one it
        -- corrects: no instant lies before that of the entry before it.
        max(occurred_at) over so_far as occurred_at,
        amount,
        origin,
        lag(stage_key) over by_night as previous_stage_key,
        lag(pipeline_key) over by_night as previous_pipeline_key
    from seen
    window
        by_night as (partition by opportunity_key order by place),
        so_far as (
            partition by opportunity_key
            order by place
            rows between unbounded preceding and current row
        )
)

select * from final
