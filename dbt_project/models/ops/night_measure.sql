-- One row a source × object × night × topic × column × label, of nights of the newest one's weekday
-- within thirteen weeks and of nights of which something was accepted: what is measured of it,
-- whether the night may teach what is usual, and whether the column was accepted as it was. It
-- becomes part of night_deviation, which alone reads it: a table would cost each night a model.
{{ config(materialized='ephemeral', contract={'enforced': false}) }}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

accepted as (
    select accepted.*
    from {{ ref('stg_flywheel__accepted') }} as accepted
    cross join as_of
    where accepted.batch_date < as_of.as_of_date
),

loads as (
    select loads.*
    from {{ ref('stg_flywheel__loads') }} as loads
    cross join as_of
    -- What was loaded before brings a night no rows, and they count as none.
    where
        loads.status in ('accepted', 'duplicate')
        and loads.reload_of is null
        and loads.batch_date > {{ add_days('as_of.as_of_date', -92) }}
        and (
            mod({{ dbt.datediff('loads.batch_date', 'as_of.as_of_date', 'day') }}, 7) = 0
            or loads.batch_date in (select accepted.batch_date from accepted)
        )
),

-- A late file that comes with the newest night is itself not judged yet.
runs_of_tonight as (
    select distinct loads.run_id
    from loads
    inner join as_of on loads.batch_date = as_of.as_of_date
),

untaught_nights as (
    select distinct
        loads.source_system,
        loads.object_name,
        loads.batch_date
    from loads
    inner join runs_of_tonight on loads.run_id = runs_of_tonight.run_id
    cross join as_of
    where loads.batch_date < as_of.as_of_date
),

profiles_of_every_night as (
    select profiles.*
    from {{ ref('night_profile') }} as profiles
    cross join as_of
    where profiles.batch_date > {{ add_days('as_of.as_of_date', -92) }}
),

profiles as (
    select profiles.*
    from profiles_of_every_night as profiles
    cross join as_of
    where
        mod({{ dbt.datediff('profiles.batch_date', 'as_of.as_of_date', 'day') }}, 7) = 0
        or profiles.batch_date in (select accepted.batch_date from accepted)
),

-- Of a full extract they are a small share, of changes all: their number tells of both.
newer_rows as (
    select
        source_system,
        object_name,
        batch_date,
        topic,
        column_name,
        label,
        row_count,
        column_row_count,
        cast(row_count as double) as measured
    from profiles
    where topic = 'newer' and label = 'newer'
),

mixes as (
    select * from profiles
    where topic <> 'newer'
),

nights as (
    select distinct
        source_system,
        batch_date
    from loads
),

-- Where each night holds everything, `as_usual` of the object compares its rows.
delta_objects as (
    select
        source_system,
        object_name,
        min(batch_date) as first_date
    from loads
    where extract = 'delta'
    group by source_system, object_name
),

delivered as (
    select
        source_system,
        object_name,
        batch_date,
        sum(rows_accepted) as row_count
    from loads
    group by source_system, object_name, batch_date
),

volumes as (
    select
        nights.source_system,
        delta_objects.object_name,
        nights.batch_date,
        'volume' as topic,
        '' as column_name,
        '' as label,
        coalesce(delivered.row_count, 0) as row_count,
        coalesce(delivered.row_count, 0) as column_row_count,
        cast(coalesce(delivered.row_count, 0) as double) as measured
    from nights
    inner join delta_objects
        on
            nights.source_system = delta_objects.source_system
            and nights.batch_date >= delta_objects.first_date
    left join delivered
        on
            delta_objects.source_system = delivered.source_system
            and delta_objects.object_name = delivered.object_name
            and nights.batch_date = delivered.batch_date
),

watched as (
    select distinct
        source_system,
        object_name,
        batch_date,
        topic,
        column_name,
        column_row_count
    from mixes
),

-- Of two labels that are all there is, one says it all.
labels as (
    select distinct
        source_system,
        object_name,
        topic,
        column_name,
        label
    from mixes
    where
        label not in ('filled', 'first', 'delivered', 'same')
        or topic not in ('nulls', 'keys', 'records', 'changes')
),

shares as (
    select
        watched.source_system,
        watched.object_name,
        watched.batch_date,
        watched.topic,
        watched.column_name,
        labels.label,
        coalesce(mixes.row_count, 0) as row_count,
        watched.column_row_count,
        coalesce(mixes.share, 0) as measured
    from watched
    inner join labels
        on
            watched.source_system = labels.source_system
            and watched.object_name = labels.object_name
            and watched.topic = labels.topic
            and watched.column_name = labels.column_name
    left join mixes
        on
            watched.source_system = mixes.source_system
            and watched.object_name = mixes.object_name
            and watched.batch_date = mixes.batch_date
            and watched.topic = mixes.topic
            and watched.column_name = mixes.column_name
            and labels.label = mixes.label
),

-- What came yesterday is no news today, although this weekday never had it.
first_seen as (
    select
        source_system,
        object_name,
        topic,
        column_name,
        label,
        min(batch_date) as first_date
    from profiles_of_every_night
    where topic not in ('newer', 'nulls', 'keys', 'records', 'changes')
    group by source_system, object_name, topic, column_name, label
),

-- Of its very first night every label is new.
first_nights as (
    select
        source_system,
        object_name,
        topic,
        column_name,
        min(first_date) as first_date
    from first_seen
    group by source_system, object_name, topic, column_name
),

-- A hundred labels that nobody knows are each too rare to be told: what is new is counted as one.
new_shares as (
    select
        mixes.source_system,
        mixes.object_name,
        mixes.batch_date,
        mixes.topic,
        mixes.column_name,
        '(new)' as label,
        sum(
            case when first_seen.first_date = mixes.batch_date then mixes.row_count else 0 end
        ) as row_count,
        max(mixes.column_row_count) as column_row_count,
        sum(
            case when first_seen.first_date = mixes.batch_date then mixes.row_count else 0 end
        ) / cast(max(mixes.column_row_count) as double) as measured
    from mixes
    inner join first_seen
        on
            mixes.source_system = first_seen.source_system
            and mixes.object_name = first_seen.object_name
            and mixes.topic = first_seen.topic
            and mixes.column_name = first_seen.column_name
            and mixes.label = first_seen.label
    inner join first_nights
        on
            mixes.source_system = first_nights.source_system
            and mixes.object_name = first_nights.object_name
            and mixes.topic = first_nights.topic
            and mixes.column_name = first_nights.column_name
            and mixes.batch_date > first_nights.first_date
    group by
        mixes.source_system, mixes.object_name, mixes.batch_date, mixes.topic,
        mixes.column_name
),

measured as (
    select * from volumes
    union all
    select * from newer_rows
    union all
    select * from shares
    union all
    select * from new_shares
),

final as (
    select
        measured.*,
        measured.batch_date = as_of.as_of_date as is_tonight,
        measured.batch_date < as_of.as_of_date
        and mod({{ dbt.datediff('measured.batch_date', 'as_of.as_of_date', 'day') }}, 7) = 0
        and untaught_nights.batch_date is null as is_taught,
        -- What is new is new once: the same share of other new ones is no lasting change.
        accepted.batch_date is not null and measured.label <> '(new)' as is_accepted
    from measured
    cross join as_of
    left join accepted
        on
            measured.source_system = accepted.source_system
            and measured.object_name = accepted.object_name
            and measured.batch_date = accepted.batch_date
            and measured.topic = accepted.topic
            and measured.column_name = accepted.column_name
    left join untaught_nights
        on
            measured.source_system = untaught_nights.source_system
            and measured.object_name = untaught_nights.object_name
            and measured.batch_date = untaught_nights.batch_date
)

select * from final
