-- What are calls, e-mails and meetings about, and how many does each record get?
--
-- Of each kind of record how many have an activity, how many activities these have together, and the
-- middle one of them alone. `besides` counts parts of records beyond the one that `fct_activity`
-- names, as further people in a meeting; the sample company invites nobody else.
--
-- An activity about three people is one activity and stands in three rows: activities are counted by
-- `count(distinct activity_key)`.
with touched as (
    select
        record_kind,
        record_key,
        count(*) as activities,
        count(*) filter (not is_main) as besides
    from marts.bridge_activity
    join marts.fct_activity using (activity_key)
    where channel in ('call', 'email', 'meeting') and is_completed is distinct from false
    group by all
)

select
    record_kind,
    count(*) as records,
    sum(activities)::bigint as parts,
    median(activities) as median_activities,
    sum(besides)::bigint as besides
from touched
group by record_kind
order by record_kind
