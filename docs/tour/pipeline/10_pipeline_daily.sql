-- How has the open pipeline moved, and how much of it is past its close date?
--
-- What was open at the end of the last day of each month, whatever the CRM says of those deals
-- today. Changes come from created, closed and re-valued deals alike.
--
-- More pipeline is not more business: it also grows when nobody closes what is dead. `past_due` is
-- the part whose own close date had passed, and the least that should be doubted. In the first
-- months of a history the pipeline is still filling up.
with days as (
    select
        date_day,
        sum(open_count)::int as deals,
        sum(open_amount)::bigint as amount,
        sum(past_due_count)::int as past_due,
        sum(past_due_amount)::bigint as past_due_amount
    from marts.pipeline_daily
    where date_day >= date '2024-10-01'
    group by date_day
)

select
    max(date_day) as day,
    arg_max(deals, date_day) as deals,
    arg_max(amount, date_day) as amount,
    arg_max(past_due, date_day) as past_due,
    arg_max(past_due_amount, date_day) as past_due_amount
from days
group by date_trunc('month', date_day)
order by day
