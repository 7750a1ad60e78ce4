-- What did each team win, by the team a rep was in at the time?
--
-- `dim_rep` keeps a row for every version of a rep: who changed teams keeps the wins of before in
-- the team of before. Take `is_current` instead, and they all move along to the new team.
--
-- Versions begin with the first night: what a CRM knew of a rep before is taken to have held for
-- ever.
select
    team,
    count(distinct dim_rep.rep_key) as reps,
    count(*) as wins,
    sum(amount)::bigint as won_amount
from marts.fct_opportunity
join
    marts.dim_rep
    on
        owner_at_close_key = rep_key
        and closed_at >= valid_from
        and (closed_at < valid_to or valid_to is null)
where is_won and closed_at >= timestamp '2025-07-01'
group by team
order by won_amount desc
