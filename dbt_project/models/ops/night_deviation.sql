-- One row a source × object × topic × column × label of the newest night: its value, what is usual on
-- this weekday, and how many usual spreads lie between. Learned from the same weekday of the thirteen
-- weeks before, from nights that were published before this one was loaded.
with

measured as (
    select * from {{ ref('night_measure') }}
),

earlier as (
    select * from measured
    where is_taught
),

usual as (
    select
        source_system,
        object_name,
        topic,
        column_name,
        label,
        count(*) as night_count,
        count(*) * {{ median_of('column_row_count') }} as column_row_count,
        avg(measured) as mean_measured,
        {{ median_of('measured') }} as median_measured
    from earlier
    group by source_system, object_name, topic, column_name, label
),

distances as (
    select
        usual.source_system,
        usual.object_name,
        usual.topic,
        usual.column_name,
        usual.label,
        {{ median_of('abs(earlier.measured - usual.median_measured)') }} as median_distance
    from usual
    inner join earlier
        on
            usual.source_system = earlier.source_system
            and usual.object_name = earlier.object_name
            and usual.topic = earlier.topic
            and usual.column_name = earlier.column_name
            and usual.label = earlier.label
    group by
        usual.source_system, usual.object_name, usual.topic, usual.column_name, usual.label
),

tonight as (
    select * from measured
    where is_tonight
),

compared as (
    select
        tonight.source_system,
        tonight.object_name,
        tonight.batch_date,
        tonight.topic,
        tonight.column_name,
        tonight.label,
        tonight.column_row_count,
        tonight.measured,
        usual.night_count,
        usual.median_measured,
        -- Of numbers from a normal distribution the median distance is 0.67 standard deviations.
        1.4826 * distances.median_distance as spread_of_nights,
        -- Chance alone: the share that is usual, one row of either kind added, in as many rows. Every
        -- night counts as much as another, or the first one, which holds all, would outweigh them.
        (usual.mean_measured * usual.column_row_count + 1) / (usual.column_row_count + 2)
            as expected_share,
        1.0 / tonight.column_row_count as row_share,
        1.0 / tonight.column_row_count + 1.0 / usual.column_row_count as rows_inverted
    from tonight
    inner join usual
        on
            tonight.source_system = usual.source_system
            and tonight.object_name = usual.object_name
            and tonight.topic = usual.topic
            and tonight.column_name = usual.column_name
            and tonight.label = usual.label
    inner join distances
        on
            usual.source_system = distances.source_system
            and usual.object_name = distances.object_name
            and usual.topic = distances.topic
            and usual.column_name = distances.column_name
            and usual.label = distances.label
    where
        usual.night_count >= 4
        and (tonight.topic in ('volume', 'newer') or tonight.column_row_count >= 30)
),

banded as (
    select
        *,
        case
            when topic in ('volume', 'newer')
                then greatest(
                    spread_of_nights, sqrt(median_measured + 1), 0.02 * median_measured
                )
            else greatest(
                spread_of_nights,
                sqrt(
                    expected_share * (1 - expected_share) * rows_inverted + row_share * row_share
                ),
                0.005
            )
        end as usual_spread
    from compared
),

final as (
    select
        source_system,
        object_name,
        batch_date,
        topic,
        column_name,
        label,
        cast(column_row_count as bigint) as row_count,
        cast(night_count as bigint) as night_count,
        measured,
        median_measured as usual,
        usual_spread,
        (measured - median_measured) / usual_spread as deviation
    from banded
)

select * from final
