-- One row an object × night that delivered the object whole, with about as many rows as usual: what
-- such a night lacks is deleted and not cut off.
with

loads as (
    select * from {{ source('flywheel', 'ledger') }}
),

final as (
    select distinct
        source as source_system,
        object as object_name,
        batch_date
    from loads
    where {{ is_whole_extract() }}
)

select * from final
