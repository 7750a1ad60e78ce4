-- One row an opportunity that is neither deleted nor merged away.
{{ config(materialized='view') }}
with

facts as (
    select * from {{ ref('int_opportunity_facts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        facts.opportunity_key,
        facts.source_system,
        facts.opportunity_id,
        facts.opportunity_name,
        facts.account_key,
        facts.owner_key,
        facts.owner_at_creation_key,
        facts.owner_at_close_key,
        facts.created_by_owner_key,
        facts.pipeline_key,
        facts.opportunity_type,
        facts.lead_source,
        facts.campaign_key,
        facts.product_key,
        facts.currency_code,
        facts.amount_local,
        facts.amount,
        facts.amount_dated,
        facts.initial_amount,
        facts.forecast_category,
        facts.probability,
        facts.loss_reason,
        facts.segment,
        facts.account_industry,
        facts.created_at,
        facts.qualified_at,
        facts.closed_at,
        facts.close_date,
        facts.outcome,
        facts.is_closed,
        facts.is_won,
        facts.is_qualified,
        facts.current_stage_key,
        facts.furthest_stage_rank,
        facts.visit_count,
        facts.regression_count,
        facts.skipped_stage_count,
        facts.reopen_count,
        facts.attempt_count,
        facts.push_count,
        facts.sales_cycle_days,
        facts.loss_cycle_days,
        facts.closedate_gap_days,
        facts.is_late_created,
        facts.is_created_won,
        facts.is_history_synthesised,
        facts.observed_from_at,
        facts.is_left_truncated,
        facts.outcome = 'open' and coalesce(facts.close_date < as_of.as_of_date, false)
            as is_past_due
    from facts
    cross join as_of
)

select * from final
