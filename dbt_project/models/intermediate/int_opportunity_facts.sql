-- One row an opportunity that is neither deleted nor merged away, with all that does not depend on
-- what day it is.
-- What it held of changed opportunities is read before it is changed:
-- depends_on: {{ ref('int_left_funnel_sums') }}
-- depends_on: {{ ref('int_left_closing_sums') }}
-- depends_on: {{ ref('int_left_cohort_sums') }}
-- depends_on: {{ ref('int_left_stays') }}
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities'), 'int_changed_stage_events') }}
    where not is_deleted
),

milestones as (
    select * from {{ changed_rows(ref('int_opportunity_milestones'), 'int_changed_stage_events') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

first_versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions'), 'int_changed_stage_events') }}
    where version_number = 1
),

-- Where history begins: with the creation, with the first record, or with the first night.
observed as (
    select
        opportunities.opportunity_key,
        case
            when
                {{ second_of('milestones.first_recorded_at') }}
                <= {{ second_of('opportunities.created_at') }}
                or (
                    milestones.first_recorded_at is null
                    and {{ start_of_day(dbt.dateadd('day', -1, 'first_versions.batch_date')) }}
                    <= opportunities.created_at
                )
                then opportunities.created_at
            else
                coalesce(
                    milestones.first_recorded_at,
                    {{ start_of_day('first_versions.batch_date') }}
                )
        end as observed_from_at
    from opportunities
    inner join milestones on opportunities.opportunity_key = milestones.opportunity_key
    inner join first_versions on opportunities.opportunity_key = first_versions.opportunity_key
),

final as (
    select
        opportunities.opportunity_key,
        opportunities.source_system,
        opportunities.opportunity_id,
        opportunities.opportunity_name,
        opportunities.account_key,
        opportunities.owner_key,
        milestones.owner_at_creation_key,
        milestones.owner_at_close_key,
        opportunities.created_by_owner_key,
        opportunities.pipeline_key,
        opportunities.opportunity_type,
        opportunities.lead_source,
        opportunities.campaign_key,
        opportunities.product_key,
        opportunities.currency_code,
        opportunities.amount_local,
        opportunities.amount,
        opportunities.amount_dated,
        milestones.first_amount as initial_amount,
        opportunities.forecast_category,
        opportunities.probability,
        opportunities.loss_reason,
        coalesce(accounts.segment, 'unknown') as segment,
        coalesce(accounts.industry, 'unknown') as account_industry,
        opportunities.created_at,
        milestones.qualified_at,
        milestones.closed_at,
        opportunities.close_date,
        milestones.outcome,
        milestones.outcome <> 'open' as is_closed,
        milestones.outcome = 'won' as is_won,
        milestones.outcome = 'lost'
        and {{ is_no_decision(
            'opportunities.loss_reason', 'stages.stage_name', 'stages.stage_id'
        ) }} as is_no_decision,
        milestones.is_qualified,
        milestones.current_stage_key,
        cast(milestones.furthest_stage_rank as integer) as furthest_stage_rank,
        cast(milestones.visit_count as integer) as visit_count,
        cast(milestones.regression_count as integer) as regression_count,
        cast(milestones.skipped_stage_count as integer) as skipped_stage_count,
        cast(milestones.reopen_count as integer) as reopen_count,
        cast(milestones.attempt_count as integer) as attempt_count,
        cast(milestones.push_count as integer) as push_count,
        -- A cycle below zero is an error of the data and not a fast sale; what was created closed
        -- has no cycle at all.
        case
            when
                milestones.outcome = 'won'
                and not milestones.is_created_closed
                and milestones.closed_at >= opportunities.created_at
                then {{ days_between('opportunities.created_at', 'milestones.closed_at') }}
        end as sales_cycle_days,
        case
            when
                milestones.outcome = 'lost'
                and not milestones.is_created_closed
                and milestones.closed_at >= opportunities.created_at
                then {{ days_between('opportunities.created_at', 'milestones.closed_at') }}
        end as loss_cycle_days,
        case
            when milestones.outcome <> 'open'
                then
                    {{ days_between(
                        'opportunities.close_date', business_date('milestones.closed_at')
                    ) }}
        end as closedate_gap_days,
        milestones.is_late_created,
        milestones.is_created_won,
        milestones.is_history_synthesised,
        observed.observed_from_at,
        coalesce(observed.observed_from_at > opportunities.created_at, true) as is_left_truncated
    from opportunities
    inner join milestones on opportunities.opportunity_key = milestones.opportunity_key
    inner join observed on opportunities.opportunity_key = observed.opportunity_key
    left join accounts
        on
            opportunities.account_key
            = {{ key_of('accounts.source_system', 'accounts.account_id') }}
    left join stages on milestones.current_stage_key = stages.stage_key
)

select * from final
