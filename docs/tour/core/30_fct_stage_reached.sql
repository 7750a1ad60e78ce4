-- Does the probability that the CRM gives a stage agree with what is won from it?
--
-- Of the closed deals that reached a stage, so many were won. Where `crm_probability` lies above
-- it, a pipeline weighted by the CRM's numbers promises too much.
--
-- Deals that skipped the stage count as having reached it (`passed_by`). What is still open is left
-- out, which favours outcomes that come fast; over two years of deals that is little, over one
-- quarter it would be much.
select
    stage_name,
    default_probability as crm_probability,
    count(*) as closed_deals,
    count(*) filter (is_imputed) as passed_by,
    count(*) filter (is_won) as won,
    round(won / closed_deals, 3) as won_share
from marts.fct_stage_reached
join marts.fct_opportunity using (opportunity_key)
join marts.dim_stage using (stage_key)
where is_closed
group by stage_name, dim_stage.stage_rank, default_probability
order by dim_stage.stage_rank
