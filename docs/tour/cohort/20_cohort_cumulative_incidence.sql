-- How many qualified deals are won, and by when?
--
-- On each day since qualification every deal is won, lost or still open, and the three shares sum
-- to one (Aalen–Johansen: open deals are censored, losses compete with wins). The curve flattens at
-- the share that is ever won; where it does, waiting no longer helps.
--
-- Do not read a curve beyond its data: it ends where fewer than ten are at risk. And a plain
-- Kaplan–Meier curve of wins that treats losses as censored would promise more wins than there are.
select
    days,
    at_risk_count as at_risk,
    round(win_incidence, 3) as won,
    round(win_incidence_low, 3) as low,
    round(win_incidence_high, 3) as high,
    round(loss_incidence, 3) as lost,
    round(open_share, 3) as still_open
from marts.cohort_cumulative_incidence
where dimension = 'all' and days in (7, 30, 60, 90, 120, 150, 180, 210)
order by days
