-- What became of the pipeline that a quarter created?
--
-- To the cent, what was created, plus what was named later, plus and minus changes of amounts, is
-- what was lost, is open or was won. `realised_rate` is won per created, so it may exceed 1 where
-- amounts grow.
--
-- It is a ratio of money and has no interval: one large deal moves it. Where `is_mature` is false,
-- `open` will still be won or lost, and the ratio of that quarter can only rise.
select
    cohort_quarter,
    created_amount::bigint as created,
    named_later_amount::bigint as named_later,
    amount_up::bigint as up,
    amount_down::bigint as down,
    lost_amount::bigint as lost,
    open_amount::bigint as open,
    won_amount::bigint as won,
    round(realised_rate, 3) as realised_rate,
    is_mature
from marts.cohort_value
order by cohort_quarter
