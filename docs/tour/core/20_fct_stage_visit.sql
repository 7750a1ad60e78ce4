-- Which deals are stuck?
--
-- Open deals that have been in their stage longer than nine of ten stays in it took that ended in
-- the last two quarters in a step forward or a win, the largest first. Each is a row to talk about
-- with its owner.
--
-- Stuck is not lost: by the very definition one in ten that went on took as long. What has no
-- amount is missing from the top of this list, not from the pipeline.
with forward_stays as (
    select
        stage_key,
        quantile_cont(days_in_stage, 0.9) as usual_days
    from marts.fct_stage_visit
    where exit_kind in ('advanced', 'won') and exited_at >= timestamp '2025-04-01'
    group by stage_key
)

select
    opportunity_name,
    rep_name as owner,
    stage_name,
    amount,
    round(days_in_stage, 1) as days_in_stage,
    round(usual_days, 1) as nine_of_ten_took,
    fct_opportunity.push_count
from marts.fct_stage_visit
join forward_stays using (stage_key)
join marts.fct_opportunity using (opportunity_key)
join marts.dim_stage using (stage_key)
join marts.dim_rep on fct_opportunity.owner_key = rep_key and is_current
where is_censored and days_in_stage > usual_days
order by amount desc nulls last, opportunity_key
limit 10
