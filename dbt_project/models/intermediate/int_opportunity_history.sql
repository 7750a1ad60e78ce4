-- One row a recorded change of an opportunity, over all sources: the state after the change.
--
-- Stamps of stages stand in where a source delivered no history of an opportunity at all. They keep
-- one entry a stage, so a history that is there is never completed from them.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

changes as (
    {{ union_of(
        [
            'source_system', 'history_id', 'opportunity_id', 'stage', 'changed_at', 'sequence',
            'pipeline', 'actor_id', 'amount', 'close_date', 'forecast_category', 'is_migration',
            'is_deleted',
        ],
        [
            {
                'rows': ref('stg_salesforce__opportunity_history'),
                'lacking': {'is_migration': 'false'},
            },
            {
                'rows': ref('stg_hubspot__opportunity_stage_history'),
                'lacking': {'is_deleted': 'false'},
            },
            {
                'rows': ref('stg_mapped__opportunity_stage_history'),
                'lacking': {'is_migration': 'false', 'is_deleted': 'false'},
            },
        ],
    ) }}
),

stamps as (
    select * from {{ ref('stg_hubspot__stage_stamps') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
    {{ only_changed() }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

stage_map as (
    select * from {{ ref('stg_flywheel__stage_map') }}
),

with_history as (
    select distinct
        source_system,
        opportunity_id
    from changes
    where not is_deleted
    {{ only_changed_records(word='and') }}
),

told as (
    select
        *,
        false as is_stamp
    from changes
    where not is_deleted
    {{ only_changed_records(word='and') }}
    union all
    select
        stamps.source_system,
        cast(null as varchar) as history_id,
        stamps.opportunity_id,
        stamps.stage,
        stamps.changed_at,
        cast(null as bigint) as sequence,
        stamps.pipeline,
        cast(null as varchar) as actor_id,
        cast(null as decimal(24, 6)) as amount,
        cast(null as date) as close_date,
        cast(null as varchar) as forecast_category,
        false as is_migration,
        false as is_deleted,
        true as is_stamp
    from stamps
    left join with_history
        on
            stamps.source_system = with_history.source_system
            and stamps.opportunity_id = with_history.opportunity_id
    where with_history.opportunity_id is null
),

in_pipelines as (
    select
        told.source_system,
        opportunities.opportunity_key,
        coalesce(told.pipeline, opportunities.pipeline) as pipeline,
        told.history_id,
        told.stage,
        told.changed_at,
        coalesce(told.sequence, 0) as source_sequence,
        told.actor_id,
        -- In the currency of the opportunity.
        {{ to_cents('told.amount') }} as amount_local,
        opportunities.currency_code,
        told.close_date,
        told.forecast_category,
        told.is_migration,
        told.is_stamp
    from told
    inner join opportunities
        on
            {{ key_of('told.source_system', 'told.opportunity_id') }}
            = opportunities.opportunity_key
),

in_stages as (
    select
        in_pipelines.*,
        {{ key_of('in_pipelines.source_system', 'in_pipelines.pipeline') }} as pipeline_key,
        {{ key_of(
            'in_pipelines.source_system',
            "in_pipelines.pipeline || ':' "
            ~ "|| coalesce(stage_map.canonical_stage, in_pipelines.stage)"
        ) }} as stage_key
    from in_pipelines
    left join stage_map
        on
            {{ is_mapped_stage(
                'in_pipelines', 'in_pipelines.pipeline', business_date('in_pipelines.changed_at')
            ) }}
),

in_order as (
    select
        in_stages.*,
        stages.tie_rank
    from in_stages
    left join stages on in_stages.stage_key = stages.stage_key
),

final as (
    select
        in_order.opportunity_key,
        in_order.pipeline_key,
        in_order.stage_key,
        in_order.history_id,
        in_order.changed_at,
        in_order.source_sequence,
        case
            when in_order.actor_id is not null
                then {{ key_of('in_order.source_system', 'in_order.actor_id') }}
        end as actor_key,
        in_order.amount_local,
        {{ in_reporting_currency('in_order.amount_local', 'plan_rates.plan_rate') }} as amount,
        in_order.close_date,
        in_order.forecast_category,
        in_order.is_migration,
        in_order.is_stamp,
        row_number() over by_time as record_number,
        lead(in_order.changed_at) over by_time is null as is_last_record,
        lag(in_order.amount_local) over by_time as previous_amount_local,
        lag(in_order.close_date) over by_time as previous_close_date,
        lag(in_order.forecast_category) over by_time as previous_forecast_category
    from in_order
    left join plan_rates
        on
            in_order.source_system = plan_rates.source_system
            and in_order.currency_code = plan_rates.currency_code
    window by_time as (
        partition by in_order.opportunity_key
        order by
            in_order.changed_at,
            in_order.source_sequence,
            in_order.tie_rank nulls last,
            in_order.history_id nulls last
    )
)

select * from final
