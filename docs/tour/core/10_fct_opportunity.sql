-- Which part of the open pipeline can be believed least?
--
-- Open deals by how often their close date was pushed, with the amount, the part whose close date
-- has already passed, and the age of the middle one. Beside it what became of closed deals with as
-- many pushes.
--
-- Pushes do not help a deal to win, whatever `won_of_closed` may seem to say: only deals that live
-- long can be pushed often, and those that die young never are. A date that moves with the close
-- itself is no push. Compare open deals with open ones of the same age instead.
select
    if(push_count > 3, 3, push_count) as pushes_up_to_3,
    count(*) filter (not is_closed) as open_deals,
    coalesce(sum(amount) filter (not is_closed), 0)::bigint as open_amount,
    coalesce(sum(amount) filter (is_past_due), 0)::bigint as past_due_amount,
    round(median(as_of.day - created_at::date) filter (not is_closed)) as median_age_days,
    count(*) filter (is_closed) as closed_deals,
    round(count(*) filter (is_won) / closed_deals, 3) as won_of_closed
from marts.fct_opportunity
cross join (select max(as_of_date) as day from marts.win_rate) as as_of
group by pushes_up_to_3
order by pushes_up_to_3
