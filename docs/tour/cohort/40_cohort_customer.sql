-- How many customers buy again within a year, and does it grow the account?
--
-- Each row follows the accounts that were first won in a month. By twelve months later so many had
-- won again (`retained`), and what they brought since is set against their first wins
-- (`net_retention`). Months that have not had a whole year are not in the table.
--
-- Cohorts are small, and the intervals are wide: most differences between months are none. These
-- are repeat sales, not renewals: an account that stays without buying more is not lost.
select
    cohort_month as first_won_in,
    account_count as accounts,
    retained_count as won_again,
    round(retained_rate, 3) as retained,
    round(retained_rate_low, 3) as low,
    round(retained_rate_high, 3) as high,
    expanded_count as expanded,
    round(net_retention_rate, 3) as net_retention
from marts.cohort_customer
where age_months = 12
order by cohort_month
