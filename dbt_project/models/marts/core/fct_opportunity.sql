-- One row an opportunity that is neither deleted nor merged away.
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
    where not is_deleted
),

milestones as (
    select * from {{ ref('int_opportunity_milestones') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        opportunities.opportunity_key,
        opportunities.source_system,
        opportunities.opportunity_id,
        opportunities.opportunity_name,
        opportunities.account_key,
        opportunities.owner_key,
        opportunities.created_by_owner_key,
        opportunities.pipeline_key,
        opportunities.opportunity_type,
        opportunities.lead_source,
        opportunities.campaign_key,
        opportunities.product_key,
        opportunities.currency_code,
        opportunities.amount_local,
        opportunities.amount,
        coalesce(milestones.first_amount, opportunities.amount) as initial_amount,
        opportunities.forecast_category,
        opportunities.probability,
        opportunities.loss_reason,
        opportunities.created_at,
        milestones.qualified_at,
        milestones.closed_at,
        opportunities.close_date,
        milestones.outcome,
        milestones.outcome <> 'open' as is_closed,
        milestones.outcome = 'won' as is_won,
        milestones.is_qualified,
        milestones.current_stage_key,
        cast(milestones.furthest_stage_rank as integer) as furthest_stage_rank,
        cast(milestones.visit_count as integer) as visit_count,
        cast(milestones.regression_count as integer) as regression_count,
        cast(milestones.skipped_stage_count as integer) as skipped_stage_count,
        cast(milestones.reopen_count as integer) as reopen_count,
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
        milestones.outcome = 'open'
        and coalesce(opportunities.close_date < as_of.as_of_date, false) as is_past_due,
        milestones.is_history_synthesised
    from opportunities
    inner join milestones on opportunities.opportunity_key = milestones.opportunity_key
    cross join as_of
)

select * from final
