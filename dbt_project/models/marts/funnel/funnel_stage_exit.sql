-- One row a pipeline × open stage × month in which stays ended × slice: how they ended, and how long
-- a stay lasted in that month. The row without a month holds the stays that go on, and how long a
-- stay lasts now.
--
-- Days are those of timed stays: not of opportunities that were created beyond the first stage or
-- won, nor before history begins. A stay that was watched from some day on counts from that day on.
-- So it does in a month that it did not begin in; and where it outlasts the month, it counts as
-- longer than it was on the last day.
with

visits as (
    select * from {{ ref('fct_stage_visit') }}
),

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

-- Numbers in place of texts, for what is grouped and sorted.
stages as (
    select
        *,
        row_number() over (order by stage_key) as stage_number
    from {{ ref('int_stages') }}
),

as_of as (
    select
        *,
        {{ dbt.dateadd('year', -1, 'as_of_at') }} as year_ago_at
    from {{ ref('int_as_of') }}
),

-- What ended before the year is in the sums by month.
recent_visits as (
    select visits.*
    from visits
    cross join as_of
    where
        visits.is_censored
        or visits.exited_at >= as_of.year_ago_at
        -- Within a second the end may stand before the begin.
        or visits.entered_at >= as_of.year_ago_at
),

recent_stays as (
    {{ watched_stays('recent_visits', 'opportunities', 'as_of') }}
),

stays as (
    select
        recent_stays.*,
        stages.stage_number
    from recent_stays
    inner join stages on recent_stays.stage_key = stages.stage_key
),

exits as (
    select * from {{ ref('int_exit_sums') }}
),

stay_sums as (
    select * from {{ ref('int_stay_sums') }}
),

ages as (
    {{ stays_by_age('stays', 'as_of', 'stage_number') }}
),

year as (
    select
        *,
        row_number() over (order by stage_number, dimension, dimension_value) as slice_number
    from (
        select
            stage_number,
            dimension,
            dimension_value,
            sum(stay_count) as timed_count,
            sum(case when is_exit then stay_count else 0 end) as timed_exit_count,
            max(ended) as longest_hours,
            sum(watched_us) as watched_us,
            sum(stay_count * (ended - coalesce(entered, 0)) * (ended - coalesce(entered, 0)))
                as squared_hours
        from ages
        group by stage_number, dimension, dimension_value
    ) as summed
),

numbered_ages as (
    select
        year.slice_number,
        ages.entered,
        ages.ended,
        ages.is_exit,
        ages.stay_count
    from ages
    inner join year
        on
            ages.stage_number = year.stage_number
            and ages.dimension = year.dimension
            and ages.dimension_value = year.dimension_value
),

curves as (
    {{ kaplan_meier('numbered_ages', ['slice_number']) }}
),

drops as (
    select
        *,
        lag(survival, 1, 1) over (
            partition by slice_number order by duration
        ) - survival as drop_of_survival
    from curves
),

medians as (
    select
        slice_number,
        {{ kaplan_meier_median() }} as median_hours,
        {{ kaplan_meier_median_low() }} as median_low_hours,
        {{ kaplan_meier_median_high() }} as median_high_hours,
        sum(duration * drop_of_survival) as ended_hours,
        min(survival) as last_survival
    from drops
    group by slice_number
),

-- The area under the curve up to the longest stay seen: what goes on counts as far as it came.
now as (
    select
        stages.stage_key,
        year.*,
        medians.median_hours,
        medians.median_low_hours,
        medians.median_high_hours,
        medians.ended_hours + medians.last_survival * year.longest_hours as mean_hours,
        cast(null as date) as exit_month
    from year
    inner join stages on year.stage_number = stages.stage_number
    left join medians on year.slice_number = medians.slice_number
),

numbered_exits as (
    select
        *,
        row_number() over (
            order by stage_key, exit_month, dimension, dimension_value
        ) as cell_number
    from exits
),

-- Stays that go on reach into every month up to today, as long as they were by its last day.
open_stay_sums as (
    {{ stay_sums_of('stays', "exit_kind = 'open'") }}
),

month_points as (
    select
        numbered_exits.cell_number,
        sums.duration,
        cast(sum(sums.leave_count) as bigint) as leave_count,
        cast(sum(sums.exit_count) as bigint) as exit_count
    from (
        select * from stay_sums
        union all
        select * from open_stay_sums
    ) as sums
    inner join numbered_exits
        on
            sums.stage_key = numbered_exits.stage_key
            and sums.stay_month = numbered_exits.exit_month
            and sums.dimension = numbered_exits.dimension
            and sums.dimension_value = numbered_exits.dimension_value
    group by numbered_exits.cell_number, sums.duration
),

month_curves as (
    {{ kaplan_meier_of_points('month_points', ['cell_number']) }}
),

month_medians as (
    select
        cell_number,
        {{ kaplan_meier_median() }} as median_days,
        {{ kaplan_meier_median_low() }} as median_low_days,
        {{ kaplan_meier_median_high() }} as median_high_days
    from month_curves
    group by cell_number
),

month_longest as (
    select
        cell_number,
        max(duration) as longest_days
    from month_points
    group by cell_number
),

cells as (
    select
        coalesce(numbered_exits.stage_key, now.stage_key) as stage_key,
        numbered_exits.exit_month,
        coalesce(numbered_exits.dimension, now.dimension) as dimension,
        coalesce(numbered_exits.dimension_value, now.dimension_value) as dimension_value,
        coalesce(numbered_exits.visit_count, 0) as visit_count,
        coalesce(numbered_exits.advanced_count, 0) as advanced_count,
        coalesce(numbered_exits.regressed_count, 0) as regressed_count,
        coalesce(numbered_exits.won_count, 0) as won_count,
        coalesce(numbered_exits.lost_count, 0) as lost_count,
        coalesce(numbered_exits.handed_off_count, 0) as handed_off_count,
        coalesce(numbered_exits.open_count, 0) as open_count,
        coalesce(numbered_exits.lasted_count, 0) as lasted_count,
        numbered_exits.lasted_us,
        now.timed_count,
        now.timed_exit_count,
        coalesce(now.longest_hours / 24.0, month_longest.longest_days) as longest_days,
        now.watched_us,
        now.squared_hours,
        coalesce(now.median_hours / 24.0, month_medians.median_days) as median_days,
        coalesce(now.median_low_hours / 24.0, month_medians.median_low_days) as median_low_days,
        coalesce(now.median_high_hours / 24.0, month_medians.median_high_days) as median_high_days,
        now.mean_hours
    from numbered_exits
    full join now
        on
            numbered_exits.stage_key = now.stage_key
            and numbered_exits.exit_month is not distinct from now.exit_month
            and numbered_exits.dimension = now.dimension
            and numbered_exits.dimension_value = now.dimension_value
    left join month_longest on numbered_exits.cell_number = month_longest.cell_number
    left join month_medians on numbered_exits.cell_number = month_medians.cell_number
),

counted as (
    select
        stages.pipeline_key,
        stages.stage_name,
        stages.stage_rank,
        cells.*,
        cells.visit_count - cells.open_count as exit_count,
        cells.advanced_count + cells.won_count as forward_count,
        as_of.as_of_date
    from cells
    cross join as_of
    inner join stages on cells.stage_key = stages.stage_key
),

final as (
    select
        pipeline_key,
        stage_key,
        stage_name,
        stage_rank,
        exit_month,
        dimension,
        dimension_value,
        cast(visit_count as bigint) as visit_count,
        cast(advanced_count as bigint) as advanced_count,
        cast(regressed_count as bigint) as regressed_count,
        cast(won_count as bigint) as won_count,
        cast(lost_count as bigint) as lost_count,
        cast(handed_off_count as bigint) as handed_off_count,
        cast(open_count as bigint) as open_count,
        cast(exit_count as bigint) as exit_count,
        cast(forward_count as bigint) as forward_count,
        {{ rate('forward_count', 'exit_count') }} as forward_rate,
        {{ wilson_low('forward_count', 'exit_count') }} as forward_rate_low,
        {{ wilson_high('forward_count', 'exit_count') }} as forward_rate_high,
        cast(coalesce(timed_count, lasted_count) as bigint) as timed_visit_count,
        cast(coalesce(timed_exit_count, lasted_count) as bigint) as timed_exit_count,
        -- Sums of doubles may leave a whole number a hair beside itself.
        coalesce(
            round(mean_hours / 24.0, 9), lasted_us / 86400000000.0 / nullif(lasted_count, 0)
        ) as mean_days_in_stage,
        cast(median_days as double) as median_days_in_stage,
        cast(median_low_days as double) as median_days_low,
        cast(median_high_days as double) as median_days_high,
        case when median_days is null then cast(longest_days as double) end
            as median_days_at_least,
        watched_us / 86400000000.0 as deal_days,
        sqrt(squared_hours) / 24.0 as deal_days_error,
        as_of_date
    from counted
)

select * from final
