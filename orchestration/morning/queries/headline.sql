-- One row a quantity that tells two versions apart at a glance.
with

opportunities as (
    select
        count(*) as all_count,
        count(*) filter (where outcome = 'open') as open_count,
        count(*) filter (where outcome = 'won') as won_count,
        count(*) filter (where outcome = 'lost') as lost_count,
        coalesce(sum(amount) filter (where outcome = 'open'), 0) as open_amount,
        coalesce(sum(amount) filter (where outcome = 'won'), 0) as won_amount
    from marts.fct_opportunity
)

select 'Opportunities' as name, 'count' as unit, cast(all_count as double) as value
from opportunities
union all
select 'Open deals', 'count', open_count from opportunities
union all
select 'Open amount', 'money', open_amount from opportunities
union all
select 'Won deals', 'count', won_count from opportunities
union all
select 'Won amount', 'money', won_amount from opportunities
union all
select 'Lost deals', 'count', lost_count from opportunities
union all
select 'Leads', 'count', count(*) from marts.fct_lead
union all
select 'Activities', 'count', count(*) from marts.fct_activity
