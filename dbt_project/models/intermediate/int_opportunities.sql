-- One row an opportunity of any source: its newest version, with keys, deleted ones included.
-- A record that a newer full extract no longer holds is deleted.
with

opportunities as (
    {{ union_of(
        [
            'source_system', 'opportunity_id', 'opportunity_name', 'account_id', 'owner_id',
            'created_by_id', 'pipeline', 'stage', 'amount', 'currency_code', 'created_at',
            'close_date', 'closed_at', 'opportunity_type', 'lead_source', 'campaign_id',
            'product_id', 'forecast_category', 'probability', 'loss_reason', 'next_step',
            'is_deleted', 'merged_into_id', 'modified_at', 'last_batch_date',
        ],
        [
            ref('stg_salesforce__opportunities'),
            ref('stg_hubspot__opportunities'),
            ref('stg_mapped__opportunities'),
        ],
    ) }}
),

-- A source has one of these objects and no other.
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name in ('opportunity', 'deal', 'opportunities')
),

stages as (
    select * from {{ ref('int_stages') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        opportunities.source_system,
        opportunities.opportunity_id,
        {{ key_of('opportunities.source_system', 'opportunities.opportunity_id') }}
            as opportunity_key,
        opportunities.opportunity_name,
        {{ key_of('opportunities.source_system', 'opportunities.account_id') }} as account_key,
        {{ key_of('opportunities.source_system', 'opportunities.owner_id') }} as owner_key,
        {{ key_of('opportunities.source_system', 'opportunities.created_by_id') }}
            as created_by_owner_key,
        {{ key_of('opportunities.source_system', 'opportunities.pipeline') }} as pipeline_key,
        {{ key_of(
            'opportunities.source_system', "opportunities.pipeline || ':' || opportunities.stage"
        ) }} as stage_key,
        stages.stage_rank,
        stages.stage_kind,
        stages.qualified_rank,
        {{ to_cents('opportunities.amount') }} as amount_local,
        coalesce(opportunities.currency_code, '{{ var("reporting_currency") }}') as currency_code,
        -- Other currencies have no rate yet: unknown, never taken at 1.0.
        case
            when
                coalesce(opportunities.currency_code, '{{ var("reporting_currency") }}')
                = '{{ var("reporting_currency") }}'
                then {{ to_cents('opportunities.amount') }}
        end as amount,
        opportunities.created_at,
        opportunities.close_date,
        -- A close date that stands in for the instant may lie in the future: then it is none.
        case
            when opportunities.closed_at < as_of.as_of_at then opportunities.closed_at
        end as closed_at,
        coalesce(opportunities.opportunity_type, 'unknown') as opportunity_type,
        coalesce(opportunities.lead_source, 'unknown') as lead_source,
        {{ key_of('opportunities.source_system', 'opportunities.campaign_id') }} as campaign_key,
        {{ key_of('opportunities.source_system', 'opportunities.product_id') }} as product_key,
        opportunities.forecast_category,
        opportunities.probability,
        opportunities.loss_reason,
        opportunities.next_step,
        opportunities.modified_at,
        opportunities.is_deleted
        or opportunities.merged_into_id is not null
        or coalesce(opportunities.last_batch_date < full_extracts.batch_date, false) as is_deleted
    from opportunities
    cross join as_of
    left join full_extracts
        on opportunities.source_system = full_extracts.source_system
    left join stages
        on
            {{ key_of(
                'opportunities.source_system',
                "opportunities.pipeline || ':' || opportunities.stage"
            ) }} = stages.stage_key
)

select * from final
