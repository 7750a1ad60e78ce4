-- One row a pipeline × open stage × month in which the stage was reached × slice. An undated entry
-- counts in the row without a month.
with

reached as (
    select * from {{ ref('int_stages_reached') }}
),

horizons as (
    select * from {{ ref('int_stage_horizons') }}
),

slices as (
    select * from {{ ref('int_opportunity_slices') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

entries as (
    select
        reached.*,
        slices.owner,
        slices.lead_source,
        slices.segment,
        slices.opportunity_type,
        slices.account_industry,
        {{ month_of(business_date('reached.reached_at')) }} as cohort_month,
        reached.outcome = 'won' as is_won,
        not reached.has_reached_next and reached.outcome = 'lost' as is_lost_here,
        not reached.has_reached_next and reached.outcome = 'open' as is_open_here,
        not reached.has_reached_next and reached.outcome = 'handed_off' as is_handed_off_here,
        horizons.horizon_days,
        as_of.as_of_date,
        as_of.as_of_at,
        coalesce(
            {{ days_between('reached.reached_at', 'as_of.as_of_at') }} >= horizons.horizon_days,
            false
        ) as is_mature_entry
    from reached
    inner join slices on reached.opportunity_key = slices.opportunity_key
    left join horizons on reached.stage_key = horizons.stage_key
    cross join as_of
),

counted as (
    select
        pipeline_key,
        stage_key,
        stage_name,
        stage_rank,
        cohort_month,
        {{ slice_columns() }},
        count(*) as reached_count,
        sum(case when is_imputed then 0 else 1 end) as visited_count,
        sum(case when has_reached_next then 1 else 0 end) as reached_next_count,
        sum(case when is_won then 1 else 0 end) as won_count,
        sum(case when is_lost_here then 1 else 0 end) as lost_here_count,
        sum(case when is_open_here then 1 else 0 end) as open_here_count,
        sum(case when is_handed_off_here then 1 else 0 end) as handed_off_count,
        sum(reached_amount) as reached_amount,
        sum(case when is_won then reached_amount end) as won_amount,
        sum(case when is_mature_entry then 1 else 0 end) as mature_count,
        max(horizon_days) as horizon_days,
        max(as_of_date) as as_of_date,
        max(as_of_at) as as_of_at
    from entries
    {{ group_by_slices(['pipeline_key', 'stage_key', 'stage_name', 'stage_rank', 'cohort_month']) }}
),

final as (
    select
        pipeline_key,
        stage_key,
        stage_name,
        stage_rank,
        cohort_month,
        dimension,
        dimension_value,
        cast(reached_count as bigint) as reached_count,
        cast(visited_count as bigint) as visited_count,
        cast(reached_next_count as bigint) as reached_next_count,
        cast(won_count as bigint) as won_count,
        cast(lost_here_count as bigint) as lost_here_count,
        cast(open_here_count as bigint) as open_here_count,
        cast(handed_off_count as bigint) as handed_off_count,
        cast(coalesce(reached_amount, 0) as decimal(18, 2)) as reached_amount,
        cast(coalesce(won_amount, 0) as decimal(18, 2)) as won_amount,
        {{ rate('reached_next_count', 'reached_count') }} as next_rate,
        {{ wilson_low('reached_next_count', 'reached_count') }} as next_rate_low,
        {{ wilson_high('reached_next_count', 'reached_count') }} as next_rate_high,
        {{ rate('won_count', 'reached_count') }} as win_rate,
        {{ wilson_low('won_count', 'reached_count') }} as win_rate_low,
        {{ wilson_high('won_count', 'reached_count') }} as win_rate_high,
        {{ rate('lost_here_count', 'reached_count') }} as leakage_rate,
        cast(mature_count as bigint) as mature_count,
        horizon_days,
        -- The whole month is mature once its last day is.
        coalesce(
            {{ days_between(add_months('cohort_month', 1), 'as_of_at') }} >= horizon_days, false
        ) as is_mature,
        as_of_date
    from counted
)

select * from final
