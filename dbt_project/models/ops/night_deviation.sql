-- One row a source × object × topic × column × label of the newest night: its value, what is usual on
-- this weekday, and how many usual spreads lie between. Learned from the same weekday of the thirteen
-- weeks before, from nights that were published before this one was loaded. Where an operator accepted
-- a column as it was in a night, that night's value counts if it is the nearer.
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

accepted as (
    select * from measured
    where is_accepted
),

expected as (
    select
        source_system,
        object_name,
        topic,
        column_name,
        label,
        night_count,
        column_row_count,
        mean_measured,
        median_measured,
        cast(null as date) as accepted_date
    from usual
    union all
    select
        usual.source_system,
        usual.object_name,
        usual.topic,
        usual.column_name,
        usual.label,
        usual.night_count,
        accepted.column_row_count,
        accepted.measured as mean_measured,
        accepted.measured as median_measured,
        accepted.batch_date as accepted_date
    from usual
    inner join accepted
        on
            usual.source_system = accepted.source_system
            and usual.object_name = accepted.object_name
            and usual.topic = accepted.topic
            and usual.column_name = accepted.column_name
            and usual.label = accepted.label
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
        expected.accepted_date,
        expected.night_count,
        expected.median_measured,
        -- Of numbers from a normal distribution the median distance is 0.67 standard deviations.
        1.4826 * distances.median_distance as spread_of_nights,
        -- Chance alone: the share that is usual, one row of either kind added, in as many rows. Every
        -- night counts as much as another, or the first one, which holds all, would outweigh them.
        (expected.mean_measured * expected.column_row_count + 1) / (expected.column_row_count + 2)
            as expected_share,
        1.0 / tonight.column_row_count as row_share,
        1.0 / tonight.column_row_count + 1.0 / expected.column_row_count as rows_inverted
    from tonight
    inner join expected
        on
            tonight.source_system = expected.source_system
            and tonight.object_name = expected.object_name
            and tonight.topic = expected.topic
            and tonight.column_name = expected.column_name
            and tonight.label = expected.label
    inner join distances
        on
            expected.source_system = distances.source_system
            and expected.object_name = distances.object_name
            and expected.topic = distances.topic
            and expected.column_name = distances.column_name
            and expected.label = distances.label
    where
        expected.night_count >= 4
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

ranked as (
    select
        *,
        row_number() over (
            partition by source_system, object_name, topic, column_name, label
            order by
                abs(measured - median_measured) / usual_spread,
                coalesce(accepted_date, cast('1900-01-01' as date))
        ) as nearness
    from banded
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
        (measured - median_measured) / usual_spread as deviation,
        accepted_date
    from ranked
    where nearness = 1
)

select * from final
