-- What does each product bring?
--
-- Won deals of the year by the products on their lines. A line that names no product points at the
-- row `unknown`, so that the sum over products is the sum over lines.
--
-- There is no win rate by product in this: CRMs keep the lines of lost deals badly, and the sample
-- company keeps none. `deals` is not to be added up, since a deal may have several products.
select
    product_name,
    count(distinct opportunity_key) as deals,
    sum(quantity)::bigint as units,
    sum(line.amount)::bigint as amount,
    round(sum(line.amount) / sum(quantity), 2) as amount_a_unit
from marts.fct_opportunity_line as line
join marts.fct_opportunity using (opportunity_key)
join marts.dim_product on line.product_key = dim_product.product_key
where is_won and closed_at >= timestamp '2025-01-01'
group by product_name
order by amount desc
