-- To whom do we sell, and whom have we not won yet?
--
-- Accounts by segment: how many there are, how many ever had a deal, how many were won at least
-- once, and what they brought. Accounts that were merged away or deleted are left out, since their
-- deals stand with the survivor.
--
-- Only accounts that the CRM knows are here, so this is no share of a market. Segments are those of
-- today.
with deals as (
    select
        account_key,
        count(*) as deals,
        count(*) filter (is_won) as wins,
        sum(amount) filter (is_won) as won_amount
    from marts.fct_opportunity
    group by account_key
)

select
    segment,
    count(*) as accounts,
    count(*) filter (deals > 0) as had_a_deal,
    count(*) filter (wins > 0) as customers,
    round(customers / accounts, 3) as customer_share,
    coalesce(sum(won_amount), 0)::bigint as won_amount
from marts.dim_account
left join deals using (account_key)
where merged_into_key is null and not is_deleted and account_id <> 'unknown'
group by segment
order by won_amount desc
