-- How long do deals stay in a stage, those that are still there included?
--
-- Half of all stays are over after `median_days`, by Kaplan–Meier over the last year: what is still
-- in the stage counts as "longer than so far". The mean is higher because a few stays are very
-- long, and it is no measure of what to expect. Leaving open stays out, as many reports do, makes
-- every stage look faster, most of all the slow ones.
--
-- A long stay is not yet a problem: the stage in which most time is spent and the stage that costs
-- most money are two columns of `funnel_bottleneck`.
select
    stage_name,
    timed_visit_count as stays,
    timed_visit_count - timed_exit_count as still_there,
    round(median_days_in_stage, 1) as median_days,
    round(median_days_low, 1) as low,
    round(median_days_high, 1) as high,
    round(mean_days_in_stage, 1) as mean_days
from marts.funnel_stage_exit
where dimension = 'all' and exit_month is null
order by stage_rank
