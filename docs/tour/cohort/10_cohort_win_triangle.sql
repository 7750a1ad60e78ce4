-- What becomes of the deals that were created in a month?
--
-- Read a row to the right: the share of a month's deals that was won by the age of 1, 2, 3 …
-- months. Read a column down to compare months at the same age, which is the only fair comparison.
-- A cell is observed once the whole month has reached the age; `by_12_projected` goes on from the
-- newest observed cell by how older cohorts went on.
--
-- An empty cell is not zero, and a projection is no observation: it assumes that young cohorts will
-- behave like old ones, and has no interval. A month of 200 deals moves by two or three points by
-- chance.
select
    cohort_month,
    cohort_count as created,
    round(max(win_rate) filter (age_months = 1), 3) as by_1,
    round(max(win_rate) filter (age_months = 2), 3) as by_2,
    round(max(win_rate) filter (age_months = 3), 3) as by_3,
    round(max(win_rate) filter (age_months = 6), 3) as by_6,
    round(max(win_rate) filter (age_months = 12), 3) as by_12,
    round(max(projected_win_rate) filter (age_months = 12), 3) as by_12_projected
from marts.cohort_win_triangle
where dimension = 'all' and cohort_month >= date '2024-07-01'
group by cohort_month, cohort_count
order by cohort_month
