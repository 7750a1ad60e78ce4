-- One row an object that is delivered whole: the newest night that delivered about as many rows as
-- usual, so that what it lacks is deleted and not cut off.
with

loads as (
    select * from {{ source('flywheel', 'ledger') }}
),

final as (
    select
        source as source_system,
        object as object_name,
        max(batch_date) as batch_date
    from loads
    where {{ is_whole_extract() }}
    group by source, object
)

select * from final
