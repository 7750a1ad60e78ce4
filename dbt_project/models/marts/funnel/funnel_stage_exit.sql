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

stages as (
    select * from {{ ref('int_stages') }}
),

as_of as (
    select
        *,
        {{ dbt.dateadd('year', -1, 'as_of_at') }} as year_ago_at
    from {{ ref('int_as_of') }}
),

stays as (
    {{ watched_stays('visits', 'opportunities', 'as_of') }}
),

exits as (
    select * from {{ ref('int_exit_sums') }}
),

stay_sums as (
    select * from {{ ref('int_stay_sums') }}
),

ages as (
    {{ stays_by_age('stays', 'as_of') }}
),

curves as (
    {{ kaplan_meier('ages', ['stage_key', 'dimension', 'dimension_value']) }}
),

drops as (
    select
        *,
        lag(survival, 1, 1) over (
            partition by stage_key, dimension, dimension_value order by duration
        ) - survival as drop_of_survival
    from curves
),

medians as (
    select
        stage_key,
        dimension,
        dimension_value,
        {{ kaplan_meier_median() }} as median_hours,
        {{ kaplan_meier_median_low() }} as median_low_hours,
        {{ kaplan_meier_median_high() }} as median_high_hours,
        sum(duration * drop_of_survival) as ended_hours,
        min(survival) as last_survival
    from drops
    group by stage_key, dimension, dimension_value
),

year as (
    select
        stage_key,
        dimension,
        dimension_value,
        sum(stay_count) as timed_count,
        sum(case when is_exit then stay_count else 0 end) as timed_exit_count,
        max(ended) as longest_hours,
        sum(watched_us) as watched_us,
        sum(stay_count * (ended - coalesce(entered, 0)) * (ended - coalesce(entered, 0)))
            as squared_hours
    from ages
    group by stage_key, dimension, dimension_value
),

-- The area under the curve up to the longest stay seen: what goes on counts as far as it came.
now as (
    select
        year.*,
        medians.median_hours,
        medians.median_low_hours,
        medians.median_high_hours,
        medians.ended_hours + medians.last_survival * year.longest_hours as mean_hours,
        cast(null as date) as exit_month
    from year
    left join medians
        on
            year.stage_key = medians.stage_key
            and year.dimension = medians.dimension
            and year.dimension_value = medians.dimension_value
),

-- Numbers in place of texts, for the many groups of a month.
month_cells as (
    select
        stage_key,
        exit_month,
        row_number() over (order by stage_key, exit_month) as cell_number
    from exits
    where dimension = 'all' and exit_month is not null
),

-- Stays that go on reach into every month up to today, as long as they were by its last day.
open_stay_sums as (
    {{ stay_sums_of('stays', "exit_kind = 'open'") }}
),

month_points as (
    select
        month_cells.cell_number,
        sums.dimension,
        sums.dimension_value,
        sums.duration,
        cast(sum(sums.leave_count) as bigint) as leave_count,
        cast(sum(sums.exit_count) as bigint) as exit_count
    from (
        select * from stay_sums
        union all
        select * from open_stay_sums
    ) as sums
    inner join month_cells
        on sums.stage_key = month_cells.stage_key and sums.stay_month = month_cells.exit_month
    group by month_cells.cell_number, sums.dimension, sums.dimension_value, sums.duration
),

month_curves as (
    {{ kaplan_meier_of_points('month_points', ['cell_number', 'dimension', 'dimension_value']) }}
),

month_medians as (
    select
        cell_number,
        dimension,
        dimension_value,
        {{ kaplan_meier_median() }} as median_days,
        {{ kaplan_meier_median_low() }} as median_low_days,
        {{ kaplan_meier_median_high() }} as median_high_days
    from month_curves
    group by cell_number, dimension, dimension_value
),

month_longest as (
    select
        cell_number,
        dimension,
        dimension_value,
        max(duration) as longest_days
    from month_points
    group by cell_number, dimension, dimension_value
),

months as (
    select
        month_cells.stage_key,
        month_cells.exit_month,
        month_longest.dimension,
        month_longest.dimension_value,
        month_longest.longest_days,
        month_medians.median_days,
        month_medians.median_low_days,
        month_medians.median_high_days
    from month_longest
    inner join month_cells on month_longest.cell_number = month_cells.cell_number
    left join month_medians
        on
            month_longest.cell_number = month_medians.cell_number
            and month_longest.dimension = month_medians.dimension
            and month_longest.dimension_value = month_medians.dimension_value
),

cells as (
    select
        coalesce(exits.stage_key, now.stage_key) as stage_key,
        exits.exit_month,
        coalesce(exits.dimension, now.dimension) as dimension,
        coalesce(exits.dimension_value, now.dimension_value) as dimension_value,
        coalesce(exits.visit_count, 0) as visit_count,
        coalesce(exits.advanced_count, 0) as advanced_count,
        coalesce(exits.regressed_count, 0) as regressed_count,
        coalesce(exits.won_count, 0) as won_count,
        coalesce(exits.lost_count, 0) as lost_count,
        coalesce(exits.handed_off_count, 0) as handed_off_count,
        coalesce(exits.open_count, 0) as open_count,
        coalesce(exits.lasted_count, 0) as lasted_count,
        exits.lasted_us,
        now.timed_count,
        now.timed_exit_count,
        coalesce(now.longest_hours / 24.0, months.longest_days) as longest_days,
        now.watched_us,
        now.squared_hours,
        coalesce(now.median_hours / 24.0, months.median_days) as median_days,
        coalesce(now.median_low_hours / 24.0, months.median_low_days) as median_low_days,
        coalesce(now.median_high_hours / 24.0, months.median_high_days) as median_high_days,
        now.mean_hours
    from exits
    full join now
        on
            exits.stage_key = now.stage_key
            and exits.exit_month is not distinct from now.exit_month
            and exits.dimension = now.dimension
            and exits.dimension_value = now.dimension_value
    left join months
        on
            exits.stage_key = months.stage_key
            and exits.exit_month = months.exit_month
            and exits.dimension = months.dimension
            and exits.dimension_value = months.dimension_value
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
