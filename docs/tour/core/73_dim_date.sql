-- Do deals bunch at the end of the quarter?
--
-- Wins and amount of four fiscal quarters by month of the quarter, and per business day, so that
-- short months count as what they are. The fiscal calendar is yours, from `company.yml`; a close
-- counts on its day in UTC.
--
-- A last month above the others may be buying habits as much as discounts; look at the losses and
-- at the amounts before calling it a hockey stick.
with days as (
    select
        (fiscal_month - 1) % 3 + 1 as month_of_quarter,
        count(*) filter (is_business_day) as business_days
    from marts.dim_date
    where date_day between date '2024-10-01' and date '2025-09-30'
    group by month_of_quarter
),

wins as (
    select
        (fiscal_month - 1) % 3 + 1 as month_of_quarter,
        count(*) as wins,
        sum(amount)::bigint as won_amount
    from marts.fct_opportunity
    join marts.dim_date on closed_at::date = date_day
    where is_won and date_day between date '2024-10-01' and date '2025-09-30'
    group by month_of_quarter
)

select
    month_of_quarter,
    business_days,
    wins,
    won_amount,
    round(wins / business_days, 2) as wins_a_business_day
from wins
join days using (month_of_quarter)
order by month_of_quarter
