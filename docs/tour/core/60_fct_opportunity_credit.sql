-- Who created pipeline in the third quarter, and who won?
--
-- Pipeline is credited to whoever owned the deal when it was created, wins to whoever owned it when
-- it was closed or to the splits; each kind of credit sums to the amounts of the deals, to the
-- cent. The two kinds answer two questions and are not to be added.
--
-- Teams are those of today; for the team of the time see `dim_rep` below. Won per created is no win
-- rate: most of what a quarter wins was created in the quarters before.
select
    team,
    count(distinct opportunity_key) filter (credit_kind = 'created') as created_deals,
    sum(credit.amount) filter (credit_kind = 'created')::bigint as created_amount,
    count(distinct opportunity_key) filter (credit_kind = 'closed') as wins,
    sum(credit.amount) filter (credit_kind = 'closed')::bigint as won_amount
from marts.fct_opportunity_credit as credit
join marts.fct_opportunity using (opportunity_key)
join marts.dim_rep on credit.rep_key = dim_rep.rep_key and is_current
where
    (credit_kind = 'created' and created_at >= timestamp '2025-07-01')
    or (credit_kind = 'closed' and is_won and closed_at >= timestamp '2025-07-01')
group by team
order by won_amount desc nulls last
