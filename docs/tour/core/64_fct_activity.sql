-- Do deals win more often when somebody gets in touch early?
--
-- Deals created in a quarter and still open after two weeks, by how many activities were completed
-- in those two weeks, and what has become of them since.
--
-- Only what was done before the fourteenth day counts, and only deals that lived that long: won
-- deals live longer and collect more calls, so counting over the whole life would make any activity
-- look good. Even so it is association: reps work on what looks promising.
with deals as (
    select
        opportunity_key,
        created_at,
        outcome
    from marts.fct_opportunity
    where
        created_at >= timestamp '2025-01-01'
        and created_at < timestamp '2025-04-01'
        and (closed_at is null or closed_at > created_at + interval 14 days)
),

early as (
    select
        deals.opportunity_key,
        outcome,
        count(activity_key) as activities
    from deals
    left join marts.fct_activity
        on
            deals.opportunity_key = fct_activity.opportunity_key
            and is_completed
            and occurred_at <= created_at + interval 14 days
    group by all
)

select
    least(activities, 3) as activities_up_to_3,
    count(*) as deals,
    count(*) filter (outcome = 'won') as won,
    count(*) filter (outcome = 'open') as still_open,
    round(won / (deals - still_open), 3) as won_of_closed
from early
group by activities_up_to_3
order by activities_up_to_3
