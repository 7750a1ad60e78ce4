-- One row a product line of an opportunity that is neither deleted nor merged away.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunity_lines'},
) }}
with

lines as (
    select * from {{ ref('int_opportunity_lines') }}
),

opportunities as (
    select *
    from {{ changed_rows(
        ref('int_opportunity_facts'), 'int_changed_opportunity_lines', is_kept=false
    ) }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

final as (
    select
        {{ key_of('lines.source_system', 'lines.line_id') }} as line_key,
        lines.source_system,
        lines.line_id,
        opportunities.opportunity_key,
        {{ key_of('lines.source_system', 'lines.product_id') }} as product_key,
        cast(lines.quantity as double) as quantity,
        opportunities.currency_code,
        {{ to_cents('lines.unit_price') }} as unit_price,
        {{ to_cents('lines.amount') }} as amount_local,
        {{ in_reporting_currency(to_cents('lines.amount'), 'plan_rates.plan_rate') }} as amount,
        lines.service_date
    from lines
    inner join opportunities
        on
            {{ key_of('lines.source_system', 'lines.opportunity_id') }}
            = opportunities.opportunity_key
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.currency_code = plan_rates.currency_code
)

select * from final
