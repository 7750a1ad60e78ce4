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

final as (
    select
        days.date_day,
        balances.pipeline_key,
        balances.stage_key,
        balances.owner_key,
        cast(balances.open_count as bigint) as open_count,
        cast(balances.open_amount as decimal(18, 2)) as open_amount,
        cast(balances.past_due_count as bigint) as past_due_count,
        cast(balances.past_due_amount as decimal(18, 2)) as past_due_amount
    from balances
    cross join as_of
    inner join days
        on
            as_of.as_of_date >= days.date_day
            and balances.first_date <= days.date_day
            and coalesce(balances.next_date > days.date_day, true)
    where balances.open_count > 0
)

select * from final
