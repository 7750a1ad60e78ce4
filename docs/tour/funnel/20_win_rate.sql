-- Is the win rate rising?
--
-- Two clocks, two answers. `won_of_closed` looks at the deals that closed in the quarter, whenever
-- they were created. `won_of_created` looks at those created in it, young ones counted by the share
-- of wins that come by their age (`win_rate_cohort_adjusted`). Because losses come faster than
-- wins, the first one also moves when more or fewer deals are created than before, although selling
-- did not change.
--
-- A quarter whose interval holds the values of its neighbours has not been shown to rise. The
-- interval of the newest cohort is wide because little of it has closed; the first quarter of a
-- history holds few closes, mostly fast losses.
select
    period_start as quarter,
    max(denominator) filter (metric_id = 'win_rate_period_narrow')::int as closed,
    round(max(value) filter (metric_id = 'win_rate_period_narrow'), 3) as won_of_closed,
    round(max(value_low) filter (metric_id = 'win_rate_period_narrow'), 3) as low,
    round(max(value_high) filter (metric_id = 'win_rate_period_narrow'), 3) as high,
    max(member_count) filter (metric_id = 'win_rate_cohort_adjusted') as created,
    max(censored_count) filter (metric_id = 'win_rate_cohort_adjusted') as still_open,
    round(max(value) filter (metric_id = 'win_rate_cohort_adjusted'), 3) as won_of_created,
    round(max(value_low) filter (metric_id = 'win_rate_cohort_adjusted'), 3) as cohort_low,
    round(max(value_high) filter (metric_id = 'win_rate_cohort_adjusted'), 3) as cohort_high
from marts.win_rate
where grain = 'quarter' and dimension = 'all'
group by period_start
order by period_start
