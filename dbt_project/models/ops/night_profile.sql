-- One row a source × object × night × topic × column × label: how many of the rows that the night
-- delivered bear the label. The newest hundred days; files delivered for one night count together.
with

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
    where status = 'accepted'
),

profiles as (
    select * from {{ ref('stg_flywheel__load_profiles') }}
    where topic <> 'newest'
),

counted as (
    select
        loads.source_system,
        loads.object_name,
        loads.batch_date,
        profiles.topic,
        profiles.column_name,
        profiles.label,
        sum(profiles.measured) as row_count
    from profiles
    inner join loads on profiles.load_id = loads.load_id
    group by
        loads.source_system, loads.object_name, loads.batch_date, profiles.topic,
        profiles.column_name, profiles.label
),

final as (
    select
        source_system,
        object_name,
        batch_date,
        topic,
        column_name,
        label,
        cast(row_count as bigint) as row_count,
        cast(sum(row_count) over same_column as bigint) as column_row_count,
        row_count / nullif(sum(row_count) over same_column, 0) as share
    from counted
    window same_column as (partition by source_system, object_name, batch_date, topic, column_name)
)

select * from final
