-- One row a campaign of any source, deleted ones included, with its costs in the reporting currency.
{{ config(materialized='ephemeral') }}
{%- set costs = ['budgeted_cost', 'actual_cost'] %}
with

staged as (
    {{ union_of(
        [
            'source_system', 'campaign_id', 'campaign_name', 'campaign_type', 'status',
            'start_date', 'end_date', 'parent_id', 'currency_code', 'budgeted_cost', 'actual_cost',
            'is_deleted',
        ],
        [
            ref('stg_salesforce__campaigns'),
            ref('stg_hubspot__campaigns'),
            {'rows': ref('stg_mapped__campaigns'), 'lacking': {'is_deleted': 'false'}},
        ],
    ) }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

campaigns as (
    select
        staged.*,
        coalesce(currency_code, '{{ var("reporting_currency") }}') as said_currency_code,
        coalesce(start_date, end_date) as cost_date
    from staged
),

cost_days as (
    select distinct
        source_system,
        said_currency_code as currency_code,
        cost_date as rate_date
    from campaigns
),

cost_rates as (
    {{ rates_of_days('cost_days', 'exchange_rates') }}
),

final as (
    select
        campaigns.source_system,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.campaign_type,
        campaigns.status,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.parent_id,
        campaigns.said_currency_code as currency_code,
        {%- for cost in costs %}
        {{ to_cents('campaigns.' ~ cost) }} as {{ cost }}_local,
        {{ in_reporting_currency(to_cents('campaigns.' ~ cost), 'plan_rates.plan_rate') }}
            as {{ cost }},
        {{ in_reporting_currency(
            to_cents('campaigns.' ~ cost),
            "case when campaigns.said_currency_code = '" ~ var('reporting_currency')
            ~ "' then 1 else cost_rates.rate_to_reporting end"
        ) }} as {{ cost }}_dated,
        {%- endfor %}
        campaigns.is_deleted
    from campaigns
    left join plan_rates
        on
            campaigns.source_system = plan_rates.source_system
            and campaigns.said_currency_code = plan_rates.currency_code
    left join cost_rates
        on
            campaigns.source_system = cost_rates.source_system
            and campaigns.said_currency_code = cost_rates.currency_code
            and campaigns.cost_date = cost_rates.rate_date
)

select * from final
