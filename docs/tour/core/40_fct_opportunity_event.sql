-- How often are close dates pushed, and by how much?
--
-- Changes of the close date while a deal was open, by month: moves to a later day, by how many days
-- the middle one, on how many deals, and moves to an earlier day. Changes at the close itself are
-- left out, since CRMs then set the date to the day of the close, whatever was expected.
--
-- A pushed date is news about the date, not about the deal: the first one a rep enters is often a
-- guess. Counts grow with the number of open deals, so set them against `pipeline_daily` before you
-- call a month worse.
with deals as (
    select
        opportunity_key,
        closed_at
    from marts.fct_opportunity
    where closed_at is null or closed_at >= timestamp '2025-07-01'
)

select
    date_trunc('month', occurred_at)::date as month,
    count(*) filter (new_value > old_value) as pushes,
    median(new_value::date - old_value::date) filter (new_value > old_value) as median_days,
    count(distinct opportunity_key) filter (new_value > old_value) as pushed_deals,
    count(*) filter (new_value < old_value) as pulled_in
from marts.fct_opportunity_event
join deals using (opportunity_key)
where
    field = 'close_date'
    and occurred_at >= timestamp '2025-07-01'
    and (closed_at is null or occurred_at < closed_at)
group by month
order by month
