-- Which stage is worth working on first?
--
-- `gain` is what a year would bring in addition if this stage alone converted as in its own best
-- quarters. `first_by_gain` says how sure the order is: the share of draws, each varying the
-- conversions by chance, in which this stage has the largest gain. Well below one half, the first
-- place is a matter of luck.
--
-- It is no promise: part of any best quarter is chance, and lifting one stage often sends weaker
-- deals on to the next. Most days are spent early simply because most deals are there.
select
    stage_name,
    round(next_rate, 3) as next_rate,
    round(target_rate, 3) as own_best,
    gain_amount::bigint as gain,
    first_gain_probability as first_by_gain,
    round(deal_days_share, 3) as share_of_days,
    first_days_probability as first_by_days
from marts.funnel_bottleneck
order by stage_rank
