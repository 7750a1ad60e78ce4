-- One row: the newest loaded night, which is what every mart calls today, its last instant, and the
-- zone in which days begin and end.
with

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
    where status <> 'refused'
),

newest as (
    select max(batch_date) as as_of_date
    from loads
),

final as (
    select
        as_of_date,
        -- A night's extract may hold events up to the end of its day.
        {{ start_of_day(add_days('as_of_date', 1)) }} as as_of_at,
        '{{ var("business_time_zone") }}' as business_time_zone
    from newest
)

select * from final
