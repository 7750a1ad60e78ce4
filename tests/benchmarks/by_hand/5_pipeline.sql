-- What was open on each day, from running sums of what changed.

create table marts.pipeline_daily as
with

open_versions as (
    select
        versions.stage,
        opportunities.owner,
        coalesce(versions.amount, 0) as amount,
        cast(versions.valid_from as date) as first_date,
        cast(versions.valid_to as date) as end_date,
        case
            when versions.close_date is not null then greatest(versions.close_date + 1, first_date)
        end as past_due_date,
        end_date is null or end_date > past_due_date as is_ever_past_due
    from versions
    inner join stages on versions.stage = stages.stage
    inner join opportunities on versions.opportunity = opportunities.opportunity
    where stages.stage_kind = 'open' and (end_date is null or end_date > first_date)
),

changes as (
    select
        first_date as date_day,
        stage,
        owner,
        amount,
        1 as opened,
        0 as fell_due
    from open_versions
    union all
    select
        end_date as date_day,
        stage,
        owner,
        amount,
        -1 as opened,
        case when is_ever_past_due and past_due_date is not null then -1 else 0 end as fell_due
    from open_versions
    where end_date is not null
    union all
    select
        past_due_date as date_day,
        stage,
        owner,
        amount,
        0 as opened,
        1 as fell_due
    from open_versions
    where is_ever_past_due and past_due_date is not null
),

sums as (
    select
        date_day,
        stage,
        owner,
        sum(opened) as open_count,
        sum(opened * amount) as open_amount,
        sum(fell_due) as past_due_count,
        sum(fell_due * amount) as past_due_amount
    from changes
    group by date_day, stage, owner
),

balances as (
    select
        stage,
        owner,
        date_day as first_date,
        lead(date_day) over by_day as next_date,
        sum(open_count) over by_day as open_count,
        sum(open_amount) over by_day as open_amount,
        sum(past_due_count) over by_day as past_due_count,
        sum(past_due_amount) over by_day as past_due_amount
    from sums
    where date_day <= (select as_of_date from today)
    window by_day as (partition by stage, owner order by date_day)
),

spread as (
    select
        *,
        unnest(generate_series(
            first_date,
            coalesce(next_date - interval 1 day, (select as_of_date from today)),
            interval 1 day
        )) as date_day
    from balances
    where open_count > 0
)

select
    cast(spread.date_day as date) as date_day,
    'salesforce:default' as pipeline_key,
    stages.stage_key,
    owners.rep_key as owner_key,
    cast(spread.open_count as bigint) as open_count,
    cast(spread.open_amount as decimal(18, 2)) as open_amount,
    cast(spread.past_due_count as bigint) as past_due_count,
    cast(spread.past_due_amount as decimal(18, 2)) as past_due_amount
from spread
inner join stages on spread.stage = stages.stage
inner join people as owners on spread.owner = owners.person;
