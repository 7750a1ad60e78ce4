-- One row a recorded change of an opportunity, over all sources: the state after the change.
with

changes as (
    select * from {{ ref('stg_salesforce__opportunity_history') }}
    union all
    select * from {{ ref('stg_mapped__opportunity_stage_history') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

final as (
    select
        opportunities.opportunity_key,
        case
            when changes.pipeline is null then opportunities.pipeline_key
            else {{ key_of('changes.source_system', 'changes.pipeline') }}
        end as pipeline_key,
        changes.history_id,
        changes.stage,
        changes.changed_at,
        coalesce(changes.sequence, 0) as source_sequence,
        changes.actor_id,
        -- In the currency of the opportunity; other currencies have no rate yet.
        case
            when opportunities.currency_code = '{{ var("reporting_currency") }}'
                then {{ to_cents('changes.amount') }}
        end as amount,
        changes.close_date
    from changes
    inner join opportunities
        on
            {{ key_of('changes.source_system', 'changes.opportunity_id') }}
            = opportunities.opportunity_key
)

select * from final
