-- Which accounts were merged, and what stands with the survivors now?
--
-- The five with most won: the merged record, the one that survived, and the survivor's deals.
-- Chains are followed to their end (`final_survivor_key`), so that a list of old account ids still
-- finds its deals.
--
-- The deals are all of the survivor's, not only those that came with the merged record.
select
    merged.account_name as merged_account,
    survivor.account_name as survivor,
    count(opportunity_key) as deals,
    count(*) filter (is_won) as won,
    coalesce(sum(amount) filter (is_won), 0)::bigint as won_amount
from marts.bridge_merge
join marts.dim_account as merged on merged_key = merged.account_key
join marts.dim_account as survivor on final_survivor_key = survivor.account_key
left join marts.fct_opportunity on final_survivor_key = fct_opportunity.account_key
where object_name = 'account'
group by merged_key, merged.account_name, survivor.account_name
order by won_amount desc, merged_key
limit 5
