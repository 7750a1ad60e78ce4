-- Who created pipeline in the third quarter, and who won?
--
-- Pipeline is credited to whoever owned the deal when it was created, wins to whoever owned it when
-- it was closed or to the splits; each kind of credit sums to the deals and, to the cent, to their
-- amounts. The two kinds answer two questions and are not to be added.
--
-- Teams are those of today; for the team of the time see `dim_rep` below. Won per created is no win
-- rate: most of what a quarter wins was created in the quarters before.
with deals as (
    select
        opportunity_key,
        created_at >= timestamp '2025-07-01' as is_created,
        is_won and closed_at >= timestamp '2025-07-01' as is_won
    from marts.fct_opportunity
    where created_at >= timestamp '2025-07-01' or closed_at >= timestamp '2025-07-01'
)

select
    team,
    round(sum(share) filter (credit_kind = 'created'), 1) as created_deals,
    sum(amount) filter (credit_kind = 'created')::bigint as created_amount,
    round(sum(share) filter (credit_kind = 'closed'), 1) as wins,
    sum(amount) filter (credit_kind = 'closed')::bigint as won_amount
from marts.fct_opportunity_credit
join deals using (opportunity_key)
join marts.dim_rep on fct_opportunity_credit.rep_key = dim_rep.rep_key and is_current
where (credit_kind = 'created' and is_created) or (credit_kind = 'closed' and is_won)
group by team
order by won_amount desc nulls last
