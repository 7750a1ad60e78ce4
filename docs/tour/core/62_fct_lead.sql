-- Does a fast answer to a lead pay?
--
-- Leads that are at least 90 days old, by how long they waited for the first call, e-mail or
-- meeting, and how many became an opportunity.
--
-- A difference here is not yet an effect of speed: whoever answers first answers the promising
-- leads first, and sources differ in both. Compare within a source, or let chance say who is
-- answered first for a while. Leads that nobody answered had no chance, so their row says nothing
-- of waiting.
select
    case
        when hours_to_first_touch <= 1 then '1 within an hour'
        when hours_to_first_touch <= 24 then '2 within a day'
        when hours_to_first_touch is not null then '3 later'
        else '4 never'
    end as first_touch,
    count(*) as leads,
    count(*) filter (is_sql) as accepted_by_sales,
    count(opportunity_key) as opportunities,
    round(opportunities / leads, 3) as opportunity_share,
    count(*) filter (is_won) as won
from marts.fct_lead
where created_at < timestamp '2025-07-01'
group by first_touch
order by first_touch
