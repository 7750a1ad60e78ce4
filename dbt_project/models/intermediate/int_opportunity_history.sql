-- One row a recorded change of an opportunity, over all sources: the state after the change.
--
-- Field history stands in where a source delivered no stage history of an opportunity, and stamps
-- of stages where it delivered no history at all. Stamps keep one entry a stage, so a history that
-- is there is never completed from them. Records that went to the recycle bin with their
-- opportunity stay: what it was until then is no other for that.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
{%- set asked = {'key': ['source_system', 'opportunity_id'], 'is_kept': false} %}
with

changes as (
    {{ union_of(
        stage_history_columns(),
        [
            changed_rows(ref('stg_salesforce__opportunity_history'), **asked),
            changed_rows(ref('stg_hubspot__opportunity_stage_history'), **asked),
            changed_rows(ref('stg_mapped__opportunity_stage_history'), **asked),
        ],
    ) }}
),

noted_changes as (
    select * from {{ ref('int_noted_stage_changes') }}
),

stamps as (
    select * from {{ ref('stg_hubspot__stage_stamps') }}
),

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities')) }}
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

told as (
    select
        *,
        false as is_stamp
    from changes
    union all
    select
        *,
        false as is_stamp
    from noted_changes
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
        true as is_stamp
    from stamps
    left join changes
        on
            stamps.source_system = changes.source_system
            and stamps.opportunity_id = changes.opportunity_id
    where changes.opportunity_id is null
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
        case
            when told.actor_id is not null
                then {{ key_of('told.source_system', 'told.actor_id') }}
        end as actor_key,
        -- In the currency of the opportunity.
        {{ to_cents('told.amount') }} as amount_local,
        {{ in_reporting_currency(to_cents('told.amount'), 'plan_rates.plan_rate') }} as amount,
        told.close_date,
        told.forecast_category,
        told.is_migration,
        told.is_stamp
    from told
    inner join opportunities
        on
            told.source_system = opportunities.source_system
            and told.opportunity_id = opportunities.opportunity_id
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.currency_code = plan_rates.currency_code
),

canonical as (
    select
        in_pipelines.*,
        coalesce(stage_map.canonical_stage, in_pipelines.stage) as canonical_stage
    from in_pipelines
    left join stage_map
        on
            {{ is_mapped_stage(
                'in_pipelines', 'in_pipelines.pipeline', business_date('in_pipelines.changed_at')
            ) }}
),

in_stages as (
    select
        canonical.*,
        coalesce(
            stages.pipeline_key, {{ key_of('canonical.source_system', 'canonical.pipeline') }}
        ) as pipeline_key,
        -- A stage that nobody lists has a key, too: it fails the gate and is not lost.
        coalesce(
            stages.stage_key,
            {{ key_of(
                'canonical.source_system', "canonical.pipeline || ':' || canonical.canonical_stage"
            ) }}
        ) as stage_key,
        stages.tie_rank
    from canonical
    left join stages
        on
            canonical.source_system = stages.source_system
            and canonical.pipeline = stages.pipeline
            and canonical.canonical_stage = stages.stage_id
),

final as (
    select
        opportunity_key,
        pipeline_key,
        stage_key,
        history_id,
        -- Records of one second are ordered by something else than their fractions: no instant lies
        -- before that of the record before it.
        max(changed_at) over so_far as changed_at,
        actor_key,
        amount_local,
        amount,
        close_date,
        forecast_category,
        is_migration,
        is_stamp,
        cast(row_number() over by_time as integer) as record_number,
        lead(changed_at) over by_time is null as is_last_record,
        lag(pipeline_key) over by_time as previous_pipeline_key,
        lag(stage_key) over by_time as previous_stage_key,
        lag(amount_local) over by_time as previous_amount_local,
        lag(close_date) over by_time as previous_close_date,
        lag(forecast_category) over by_time as previous_forecast_category
    from in_stages
    window
        by_time as (
            partition by opportunity_key
            order by
                {{ second_of('changed_at') }},
                source_sequence,
                tie_rank nulls last,
                history_id nulls last
        ),
        so_far as (
            partition by opportunity_key
            order by
                {{ second_of('changed_at') }},
                source_sequence,
                tie_rank nulls last,
                history_id nulls last
            rows between unbounded preceding and current row
        )
)

select * from final
