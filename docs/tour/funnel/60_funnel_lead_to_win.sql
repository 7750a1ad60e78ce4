-- How many leads become customers, and which sources bring them?
--
-- Leads of all months that are at least 90 days old, step by step, with the share that is won and
-- its 95 % interval. A lead that took a later step took those before it too, so that no step has
-- more than the one before.
--
-- Few leads are won, so intervals are wide, and sources whose intervals overlap are not ranked.
-- `may_still_win` counts as not won. Deals that no lead became are not here: this is not the win
-- rate of a source, which `win_rate` has.
with sources as (
    select
        dimension_value as lead_source,
        sum(lead_count)::int as leads,
        sum(mql_count)::int as mql,
        sum(sql_count)::int as sql,
        sum(opportunity_count)::int as opportunities,
        sum(won_count)::int as won,
        sum(censored_count)::int as may_still_win,
        won / leads as rate,
        1.959964 ^ 2 / leads as z
    from marts.funnel_lead_to_win
    where dimension = 'lead_source' and is_mature
    group by lead_source
)

select
    * exclude (rate, z),
    round(rate, 3) as won_share,
    round((rate + z / 2 - sqrt(z * rate * (1 - rate) + z * z / 4)) / (1 + z), 3) as low,
    round((rate + z / 2 + sqrt(z * rate * (1 - rate) + z * z / 4)) / (1 + z), 3) as high
from sources
order by won_share desc, lead_source
