-- One row: the newest loaded night, which is what every mart calls today, and its last instant.
with

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
    where status <> 'refused'
),

final as (
    select
        max(batch_date) as as_of_date,
        -- A night's extract may hold events up to the end of its day.
        cast({{ dbt.dateadd('day', 1, 'max(batch_date)') }} as timestamp) as as_of_at
    from loads
)

select * from final
