-- One row a pipeline × open stage: the money that the stage would bring if it converted as well as in
-- its own best quarters, its share of the days that opportunities spend, and how sure both ranks are.
--
-- A stage now is its last four mature quarters; its best is the upper quartile of its four best of
-- the last twelve. Quarters of fewer than ten entries say nothing of a best one.
{%- set draw_count = 500 %}
with

sums as (
    select * from {{ ref('int_funnel_sums') }}
    where dimension = 'all'
),

stages as (
    select * from {{ ref('int_stages') }}
    where stage_kind = 'open'
),

horizons as (
    select * from {{ ref('int_stage_horizons') }}
),

stage_exits as (
    select * from {{ ref('funnel_stage_exit') }}
    where dimension = 'all' and exit_month is null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

draws as (
    {{ numbers_to(draw_count) }}
),

quarters as (
    select
        stage_key,
        {{ quarter_of('cohort_month') }} as quarter_start,
        sum(reached_count) as reached_count,
        sum(reached_next_count) as reached_next_count,
        sum(won_count) as won_count,
        sum(final_won_amount) as final_won_amount
    from sums
    group by stage_key, {{ quarter_of('cohort_month') }}
),

mature as (
    select
        quarters.*,
        row_number() over (
            partition by quarters.stage_key order by quarters.quarter_start desc
        ) as quarters_ago
    from quarters
    cross join as_of
    inner join horizons on quarters.stage_key = horizons.stage_key
    where
        {{ days_between(start_of_day(add_months('quarters.quarter_start', 3)), 'as_of.as_of_at') }}
        >= horizons.horizon_days
),

-- Draw 0 is what was observed.
drawn as (
    select
        mature.stage_key,
        mature.quarters_ago,
        mature.reached_count,
        draws.number as draw,
        case
            when draws.number = 0 then {{ rate('mature.reached_next_count', 'mature.reached_count') }}
            else {{ drawn_share(
                'mature.reached_next_count',
                'mature.reached_count',
                normal_of(
                    "mature.stage_key || ' ' || cast(mature.quarter_start as varchar) || ' ' "
                    ~ "|| cast(draws.number as varchar)"
                )
            ) }}
        end as next_rate
    from mature
    cross join draws
    where mature.quarters_ago <= 12
),

now as (
    select
        stage_key,
        draw,
        sum(reached_count * next_rate) / sum(reached_count) as next_rate
    from drawn
    where quarters_ago <= 4
    group by stage_key, draw
),

best as (
    select
        stage_key,
        draw,
        count(*) as quarter_count,
        {{ percentile('next_rate', 0.75) }} as next_rate
    from (
        select
            *,
            row_number() over (
                partition by stage_key, draw order by next_rate desc, quarters_ago
            ) as place
        from drawn
        where reached_count >= 10
    ) as placed
    where place <= 4
    group by stage_key, draw
),

steps as (
    select
        stages.pipeline_key,
        stages.stage_key,
        draws.number as draw,
        now.next_rate,
        case when best.quarter_count > 0 then greatest(now.next_rate, best.next_rate) end
            as target_rate,
        best.quarter_count as target_quarter_count,
        case
            when stage_exits.deal_days is not null
                then greatest(
                    0,
                    stage_exits.deal_days
                    + {{ normal_of(
                        "stages.stage_key || ' days ' || cast(draws.number as varchar)"
                    ) }} * stage_exits.deal_days_error
                )
        end as drawn_days
    from stages
    cross join draws
    left join now on stages.stage_key = now.stage_key and draws.number = now.draw
    left join best on stages.stage_key = best.stage_key and draws.number = best.draw
    left join stage_exits on stages.stage_key = stage_exits.stage_key
),

-- Without the share of a single stage the product of all is unknown.
other_steps as (
    select
        steps.stage_key,
        steps.draw,
        case
            when count(others.stage_key) = count(others.next_rate)
                then coalesce({{ product_of('others.next_rate') }}, 1)
        end as win_rate
    from steps
    left join steps as others
        on
            steps.pipeline_key = others.pipeline_key
            and steps.draw = others.draw
            and steps.stage_key <> others.stage_key
    group by steps.stage_key, steps.draw
),

lifted as (
    select
        steps.*,
        other_steps.win_rate * steps.next_rate as win_rate,
        other_steps.win_rate * (steps.target_rate - steps.next_rate) as win_rate_gain
    from steps
    inner join other_steps
        on steps.stage_key = other_steps.stage_key and steps.draw = other_steps.draw
),

firsts as (
    select
        stage_key,
        win_rate_gain,
        drawn_days,
        rank() over (partition by pipeline_key, draw order by win_rate_gain desc nulls last)
            as gain_place,
        count(*) over (partition by pipeline_key, draw, win_rate_gain) as gain_tie_count,
        rank() over (partition by pipeline_key, draw order by drawn_days desc nulls last)
            as days_place,
        count(*) over (partition by pipeline_key, draw, drawn_days) as days_tie_count
    from (
        select
            pipeline_key,
            stage_key,
            draw,
            drawn_days,
            -- What is a hair above nothing is nothing.
            round(win_rate_gain, 12) as win_rate_gain
        from lifted
        where draw > 0
    ) as rounded
),

-- Stages that are first together share the draw.
probabilities as (
    select
        stage_key,
        case
            when count(win_rate_gain) > 0
                then round(
                    sum(case when gain_place = 1 then 1.0 / gain_tie_count else 0 end)
                    / {{ draw_count }},
                    9
                )
        end as first_gain_probability,
        case
            when count(drawn_days) > 0
                then round(
                    sum(case when days_place = 1 then 1.0 / days_tie_count else 0 end)
                    / {{ draw_count }},
                    9
                )
        end as first_days_probability
    from firsts
    group by stage_key
),

last_year as (
    select
        stage_key,
        min(quarter_start) as first_quarter_start,
        count(*) as quarter_count,
        sum(reached_count) as reached_count,
        sum(reached_next_count) as reached_next_count,
        sum(won_count) as won_count,
        sum(final_won_amount) as final_won_amount
    from mature
    where quarters_ago <= 4
    group by stage_key
),

entries as (
    select
        stages.pipeline_key,
        last_year.reached_count as entry_count,
        last_year.final_won_amount
        / nullif(cast(last_year.won_count as double), 0) as mean_won_amount
    from last_year
    inner join stages on last_year.stage_key = stages.stage_key
    where stages.stage_rank = 1
),

money as (
    select
        stages.pipeline_key,
        stages.stage_key,
        stages.stage_name,
        stages.stage_rank,
        last_year.first_quarter_start,
        coalesce(last_year.quarter_count, 0) as quarter_count,
        coalesce(last_year.reached_count, 0) as reached_count,
        coalesce(last_year.reached_next_count, 0) as reached_next_count,
        lifted.target_rate,
        coalesce(lifted.target_quarter_count, 0) as target_quarter_count,
        entries.entry_count,
        entries.mean_won_amount,
        -- Products of doubles may miss half a cent by a hair.
        cast(
            entries.entry_count * entries.mean_won_amount * lifted.win_rate as decimal(38, 6)
        ) as expected_amount,
        cast(
            entries.entry_count * entries.mean_won_amount * lifted.win_rate_gain
            as decimal(38, 6)
        ) as gain_amount,
        stage_exits.deal_days,
        stage_exits.deal_days_error,
        sum(stage_exits.deal_days) over (partition by stages.pipeline_key) as pipeline_days,
        probabilities.first_gain_probability,
        probabilities.first_days_probability
    from stages
    inner join lifted on stages.stage_key = lifted.stage_key and lifted.draw = 0
    inner join probabilities on stages.stage_key = probabilities.stage_key
    left join last_year on stages.stage_key = last_year.stage_key
    left join entries on stages.pipeline_key = entries.pipeline_key
    left join stage_exits on stages.stage_key = stage_exits.stage_key
),

final as (
    select
        money.pipeline_key,
        money.stage_key,
        money.stage_name,
        money.stage_rank,
        money.first_quarter_start,
        cast(money.quarter_count as integer) as quarter_count,
        cast(money.reached_count as bigint) as reached_count,
        cast(money.reached_next_count as bigint) as reached_next_count,
        {{ rate('money.reached_next_count', 'money.reached_count') }} as next_rate,
        {{ wilson_low('money.reached_next_count', 'money.reached_count') }} as next_rate_low,
        {{ wilson_high('money.reached_next_count', 'money.reached_count') }} as next_rate_high,
        round(money.target_rate, 9) as target_rate,
        cast(money.target_quarter_count as integer) as target_quarter_count,
        cast(money.entry_count as bigint) as entry_count,
        {{ to_cents('cast(money.mean_won_amount as decimal(38, 6))') }} as mean_won_amount,
        {{ to_cents('money.expected_amount') }} as expected_amount,
        {{ to_cents('money.gain_amount') }} as gain_amount,
        case
            when money.gain_amount is not null
                then cast(
                    row_number() over (
                        partition by money.pipeline_key
                        order by money.gain_amount desc nulls last, money.stage_rank
                    ) as integer
                )
        end as gain_rank,
        money.first_gain_probability,
        money.deal_days,
        round(money.deal_days / nullif(money.pipeline_days, 0), 9) as deal_days_share,
        case
            when money.deal_days is not null
                then cast(
                    row_number() over (
                        partition by money.pipeline_key
                        order by money.deal_days desc nulls last, money.stage_rank
                    ) as integer
                )
        end as deal_days_rank,
        money.first_days_probability,
        as_of.as_of_date
    from money
    cross join as_of
)

select * from final
