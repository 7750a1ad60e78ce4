-- One row a source: its newest night, its newest row, and whether both came when they usually do.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
    where status in ('accepted', 'duplicate') and reload_of is null
),

profiles as (
    select * from {{ ref('stg_flywheel__load_profiles') }}
    where topic = 'newest'
),

nights as (
    select distinct
        source_system,
        batch_date
    from loads
),

newest_nights as (
    select
        source_system,
        max(batch_date) as newest_date
    from nights
    group by source_system
),

followed as (
    select
        source_system,
        batch_date,
        {{ dbt.datediff(
            'lag(batch_date) over (partition by source_system order by batch_date)',
            'batch_date',
            'day'
        ) }} as gap_days
    from nights
),

gaps as (
    select
        newest_nights.source_system,
        newest_nights.newest_date,
        followed.batch_date,
        followed.gap_days,
        mod(
            {{ dbt.datediff('followed.batch_date', 'newest_nights.newest_date', 'day') }}, 7
        ) = 0 as is_same_weekday
    from newest_nights
    inner join followed
        on
            newest_nights.source_system = followed.source_system
            and followed.batch_date > {{ add_days('newest_nights.newest_date', -92) }}
),

usual as (
    select
        source_system,
        newest_date,
        max(case when batch_date = newest_date then gap_days end) as newest_gap_days,
        count(case when batch_date < newest_date then gap_days end) as earlier_gap_count,
        count(case when batch_date < newest_date and is_same_weekday then gap_days end)
            as weekday_gap_count,
        {{ median_of('case when batch_date < newest_date then gap_days end') }} as usual_gap_days,
        {{ median_of(
            'case when batch_date < newest_date and is_same_weekday then gap_days end'
        ) }} as weekday_gap_days
    from gaps
    group by source_system, newest_date
),

days_with_changes as (
    select
        loads.source_system,
        floor(profiles.measured / 86400) as day_number,
        max(profiles.measured) as newest_second
    from profiles
    inner join loads on profiles.load_id = loads.load_id
    group by loads.source_system, floor(profiles.measured / 86400)
),

ranked_days as (
    select
        *,
        row_number() over (partition by source_system order by day_number desc) as place
    from days_with_changes
),

newest_rows as (
    select
        source_system,
        max(newest_second) as newest_second,
        -- As many days as each load tells of (orchestration/bronze/profile.py).
        max(day_number) - min(case when place <= 7 then day_number end) as quiet_days
    from ranked_days
    group by source_system
),

dated as (
    select
        usual.*,
        {{ dbt.datediff('usual.newest_date', 'as_of.as_of_date', 'day') }} as nights_behind,
        {{ dbt.dateadd(
            'second', 'newest_rows.newest_second', "cast('1970-01-01' as timestamp)"
        ) }} as newest_row_at,
        newest_rows.quiet_days,
        as_of.as_of_at
    from usual
    cross join as_of
    left join newest_rows on usual.source_system = newest_rows.source_system
),

final as (
    select
        source_system,
        newest_date,
        cast(nights_behind as integer) as nights_behind,
        cast(newest_gap_days as integer) as newest_gap_days,
        cast(earlier_gap_count as bigint) as earlier_gap_count,
        usual_gap_days,
        case when weekday_gap_count >= 3 then weekday_gap_days else usual_gap_days end
            as usual_gap_days_of_weekday,
        newest_row_at,
        {{ days_between('newest_row_at', 'as_of_at') }} as row_age_days,
        cast(quiet_days as integer) as quiet_days
    from dated
)

select * from final
