-- How long does a new rep take to the first win?
--
-- Reps who have not won yet are in it: the median is the day by which half of all had won, by
-- Kaplan–Meier, and empty while more than half wait; then it lies above `followed_days`. Only reps
-- hired since the first deal on record count, because the first win of the others may not be seen.
-- `wins_a_month_early` is that of the first three months of tenure, `_later` of the next three.
--
-- A handful of reps a quarter is few: a median of two is an anecdote. Reps inherit deals, so a very
-- early win may be the work of whoever left.
select
    hire_quarter,
    max(followed_count) as reps,
    max(first_win_count) as have_won,
    max(median_days_to_first_win) as median_days,
    max(longest_followed_days) as followed_days,
    round(sum(won_count) filter (tenure_months < 3)
        / nullif(sum(rep_count) filter (tenure_months < 3), 0), 2) as wins_a_month_early,
    round(sum(won_count) filter (tenure_months between 3 and 5)
        / nullif(sum(rep_count) filter (tenure_months between 3 and 5), 0), 2) as wins_a_month_later
from marts.rep_ramp
group by hire_quarter
having max(followed_count) > 0
order by hire_quarter
