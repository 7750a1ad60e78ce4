-- One row an opportunity without stage history × version that nights showed in another stage than
-- the version before; the first version of each stands with them.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

versions as (
    select * from {{ ref('int_opportunity_versions') }}
    where not is_absent
    {{ only_changed(word='and') }}
),

history as (
    select * from {{ ref('int_opportunity_history') }}
    where record_number = 1
    {{ only_changed(word='and') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

stage_map as (
    select * from {{ ref('stg_flywheel__stage_map') }}
),

-- Money of the past is in today's currency of its opportunity.
opportunities as (
    select * from {{ ref('int_opportunities') }}
    {{ only_changed() }}
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

final as (
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
)

select * from final
