-- One row a load × topic × column × label: how many of its rows bear the label in the column.
with

final as (
    select
        load_id,
        topic,
        column_name,
        label,
        measured
    from {{ source('flywheel', 'load_profile') }}
)

select * from final
