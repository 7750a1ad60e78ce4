-- What did the latest campaigns bring into the funnel?
--
-- Leads by the campaign that brought them, how many became an opportunity, how many were won, and
-- how many may still be.
--
-- Young campaigns have not had the time to win anything, and `may_still_win` says how much is still
-- to come. Counts of a handful rank nothing.
select
    campaign_name,
    start_date,
    sum(lead_count)::int as leads,
    sum(opportunity_count)::int as opportunities,
    sum(won_count)::int as won,
    sum(censored_count)::int as may_still_win
from marts.dim_campaign
join marts.funnel_lead_to_win on dimension = 'campaign' and dimension_value = campaign_key
where start_date >= date '2025-01-01'
group by campaign_key, campaign_name, start_date
order by start_date desc, campaign_key
