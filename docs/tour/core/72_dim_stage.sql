-- Which stages are there, and when is a deal qualified?
--
-- The stages as the CRM orders them: rank among the open ones, the probability that the CRM gives,
-- from which on a deal counts as qualified, and how many are there now.
--
-- Ranks of different pipelines are not to be compared. A stage that the CRM has switched off stays
-- in the table, because history still names it.
select
    stage_name,
    stage_kind,
    dim_stage.stage_rank,
    default_probability,
    dim_stage.is_qualified,
    is_active,
    count(opportunity_key) as deals_now
from marts.dim_stage
left join marts.fct_opportunity on stage_key = current_stage_key
group by all
order by dim_stage.stage_rank nulls last, stage_name
