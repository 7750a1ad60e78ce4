-- Which products are bought together?
--
-- Pairs of products on the same won deal, with the deals that have both and what the pair brought.
--
-- Popular products stand beside everything: set a pair against how often each of the two is sold
-- alone (`dim_product` below) before you bundle them.
with sold as (
    select
        opportunity_key,
        product_name,
        sum(line.amount) as amount
    from marts.fct_opportunity_line as line
    join marts.fct_opportunity using (opportunity_key)
    join marts.dim_product on line.product_key = dim_product.product_key
    where is_won and closed_at >= timestamp '2025-01-01'
    group by opportunity_key, product_name
)

select
    one.product_name as product,
    other.product_name as bought_with,
    count(*) as deals,
    sum(one.amount + other.amount)::bigint as amount
from sold as one
join sold as other using (opportunity_key)
where one.product_name < other.product_name
group by product, bought_with
order by deals desc, amount desc
limit 8
