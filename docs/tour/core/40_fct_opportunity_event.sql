-- How often are close dates pushed, and by how much?
--
-- Every change of a close date in 2025, by quarter: moves to a later day, by how many days the
-- middle one, on how many deals, and moves to an earlier day. Changes at the very close are left
-- out, since CRMs then set the date to the day of the close, whatever was expected.
--
-- A pushed date is news about the date, not about the deal: the first one a rep enters is often a
-- guess. Counts grow with the number of open deals, so set them against `pipeline_daily` before you
-- call a quarter worse.
select
    date_trunc('quarter', occurred_at)::date as quarter,
    count(*) filter (new_value > old_value) as pushes,
    median(new_value::date - old_value::date) filter (new_value > old_value) as median_days,
    count(distinct opportunity_key) filter (new_value > old_value) as pushed_deals,
    count(*) filter (new_value < old_value) as pulled_in
from marts.fct_opportunity_event
join marts.fct_opportunity using (opportunity_key)
where
    field = 'close_date'
    and occurred_at >= timestamp '2025-01-01'
    and occurred_at is distinct from closed_at
group by quarter
order by quarter
