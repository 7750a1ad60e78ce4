-- One row a business day × pipeline × stage × owner: what was open at the end of the day. From
-- running sums over the changes; combinations with nothing open have no row.
with

sums as (
    select * from {{ ref('int_pipeline_sums') }}
),

days as (
    select * from {{ ref('dim_date') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

happened as (
    select sums.*
    from sums
    inner join as_of on sums.date_day <= as_of.as_of_date
),

balances as (
    select
        pipeline_key,
        stage_key,
        owner_key,
        date_day as first_date,
        lead(date_day) over by_day as next_date,
        sum(open_count) over so_far as open_count,
        sum(open_amount) over so_far as open_amount,
        sum(past_due_count) over so_far as past_due_count,
        sum(past_due_amount) over so_far as past_due_amount
    from happened
    window
        by_day as (partition by pipeline_key, stage_key, owner_key order by date_day),
        so_far as (
            partition by pipeline_key, stage_key, owner_key
            order by date_day
            rows between unbounded preceding and current row
        )
),

open_balances as (
    select
        balances.*,
        coalesce({{ add_days('balances.next_date', -1) }}, as_of.as_of_date) as last_date
    from balances
    cross join as_of
    where balances.open_count > 0
),

by_day as (
    {{ periods_touched('open_balances', 'first_date', 'last_date', 'day', 'date_day') }}
),

final as (
    select
        by_day.date_day,
        by_day.pipeline_key,
        by_day.stage_key,
        by_day.owner_key,
        cast(by_day.open_count as bigint) as open_count,
        cast(by_day.open_amount as decimal(18, 2)) as open_amount,
        cast(by_day.past_due_count as bigint) as past_due_count,
        cast(by_day.past_due_amount as decimal(18, 2)) as past_due_amount
    from by_day
    inner join days on by_day.date_day = days.date_day
)

select * from final
