-- What became of the pipeline that was due in the third quarter?
--
-- The deals that were open when 1 July began with a close date in the quarter, in the stage and
-- with the amount of that day, and what they are now. CRMs overwrite all three; here that day can
-- be asked for like any other.
--
-- `won_amount` is in amounts of 1 July, so that it can be set against `due_amount`. It is not what
-- the quarter booked: deals that were created later, or due later and won early, are not in it.
select
    stage_name,
    count(*) as due_deals,
    sum(versions.amount)::bigint as due_amount,
    count(*) filter (outcome = 'won') as won,
    count(*) filter (outcome = 'lost') as lost,
    count(*) filter (outcome = 'open') as still_open,
    sum(versions.amount) filter (outcome = 'won')::bigint as won_amount
from marts.fct_opportunity_version as versions
join marts.fct_opportunity using (opportunity_key)
join marts.dim_stage on versions.stage_key = dim_stage.stage_key
where
    is_open
    and versions.close_date between date '2025-07-01' and date '2025-09-30'
    and versions.valid_from < timestamp '2025-07-01'
    and (versions.valid_to >= timestamp '2025-07-01' or versions.valid_to is null)
group by stage_name, stage_rank
order by stage_rank
