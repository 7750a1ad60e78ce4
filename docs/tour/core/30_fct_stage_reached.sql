-- Does the probability that the CRM gives a stage agree with what is won from it?
--
-- Of the deals that closed in the last two quarters and reached a stage, so many were won. Where
-- `crm_probability` lies above it, a pipeline weighted by the CRM's numbers promises too much.
--
-- Deals that skipped the stage count as having reached it (`passed_by`). These are deals by their
-- close, so a time with more new deals than before shows more losses, which come first; for deals
-- by their creation take `win_rate` of `funnel_stage_conversion`.
with closed_deals as (
    select
        opportunity_key,
        is_won
    from marts.fct_opportunity
    where closed_at >= timestamp '2025-04-01'
),

stages as (
    select
        stage_key,
        count(*) as deals,
        count(*) filter (is_imputed) as passed_by,
        count(*) filter (is_won) as won
    from marts.fct_stage_reached
    join closed_deals using (opportunity_key)
    group by stage_key
)

select
    stage_name,
    default_probability as crm_probability,
    deals as closed_deals,
    passed_by,
    won,
    round(won / deals, 3) as won_share
from stages
join marts.dim_stage using (stage_key)
order by stage_rank
