-- One row a recorded change of an opportunity, over all sources: the state after the change.
--
-- Stamps of stages stand in where a source delivered no history of an opportunity at all. They keep
-- one entry a stage, so a history that is there is never completed from them.
with

changes as (
    {{ union_of(
        [
            'source_system', 'history_id', 'opportunity_id', 'stage', 'changed_at', 'sequence',
            'pipeline', 'actor_id', 'amount', 'close_date', 'is_migration',
        ],
        [
            {
                'rows': ref('stg_salesforce__opportunity_history'),
                'lacking': {'is_migration': 'false'},
            },
            ref('stg_hubspot__opportunity_stage_history'),
            {
                'rows': ref('stg_mapped__opportunity_stage_history'),
                'lacking': {'is_migration': 'false'},
            },
        ],
    ) }}
),

stamps as (
    select * from {{ ref('stg_hubspot__stage_stamps') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

told as (
    select
        *,
        false as is_stamp
    from changes
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
        false as is_migration,
        true as is_stamp
    from stamps
    left join (
        select distinct
            source_system,
            opportunity_id
        from changes
    ) as with_history
        on
            stamps.source_system = with_history.source_system
            and stamps.opportunity_id = with_history.opportunity_id
    where with_history.opportunity_id is null
),

final as (
    select
        opportunities.opportunity_key,
        case
            when told.pipeline is null then opportunities.pipeline_key
            else {{ key_of('told.source_system', 'told.pipeline') }}
        end as pipeline_key,
        told.history_id,
        told.stage,
        told.changed_at,
        coalesce(told.sequence, 0) as source_sequence,
        told.actor_id,
        -- In the currency of the opportunity; other currencies have no rate yet.
        case
            when opportunities.currency_code = '{{ var("reporting_currency") }}'
                then {{ to_cents('told.amount') }}
        end as amount,
        told.close_date,
        told.is_migration,
        told.is_stamp
    from told
    inner join opportunities
        on
            {{ key_of('told.source_system', 'told.opportunity_id') }}
            = opportunities.opportunity_key
)

select * from final
