-- One row a stay of an opportunity in one open stage; an open stay is censored at today.
with

visits as (
    select * from {{ ref('int_stage_visits') }}
),

opportunities as (
    select * from {{ ref('fct_opportunity') }}
),

final as (
    select
        visits.opportunity_key,
        visits.visit_number,
        visits.pipeline_key,
        visits.stage_key,
        visits.stage_rank,
        opportunities.owner_key,
        visits.entered_at,
        visits.exited_at,
        visits.exit_kind,
        visits.days_in_stage,
        visits.is_censored
    from visits
    inner join opportunities on visits.opportunity_key = opportunities.opportunity_key
)

select * from final
