-- Which products win, and for how much?
--
-- Closed deals by their product. A deal whose source names no product points at the row `unknown`,
-- as all deals of the sample company do: nothing is dropped by the join, and the sum over products
-- is the sum over deals.
--
-- A CRM whose deals carry several products tells them by line, not here.
select
    product_name,
    product_family,
    count(*) filter (is_closed) as closed_deals,
    count(*) filter (is_won) as won,
    sum(amount) filter (is_won)::bigint as won_amount,
    round(median(amount) filter (is_won))::bigint as median_won_amount
from marts.fct_opportunity
join marts.dim_product using (product_key)
group by product_name, product_family
order by won_amount desc nulls last
