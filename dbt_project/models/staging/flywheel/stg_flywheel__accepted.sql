-- One row a night × source × object × topic × column whose values an operator accepted as meant.
with

accepted as (
    select * from {{ source('flywheel', 'accepted') }}
),

final as (
    select distinct
        {{ dbt.safe_cast('night', api.Column.translate_type('date')) }} as batch_date,
        source_system,
        object_name,
        topic,
        coalesce(column_name, '') as column_name
    from accepted
    where night is not null
)

select * from final
