-- One row a pipeline × month of creation × age in months × slice: what of the cohort was won, lost
-- or still open at that age. A cell is observed once every member has reached the age; the win
-- rate of other cells is projected: by chain ladder as far as its factors are known, from there on
-- by Bornhuetter–Ferguson, within what today's outcomes leave possible. Undated opportunities are in
-- no cohort.
{%- set of_cohort = 'pipeline_key, cohort_month, dimension, dimension_value' %}
with

sums as (
    select * from {{ ref('int_cohort_sums') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

ages as (
    {{ numbers_to(var('triangle_months')) }}
),

cohorts as (
    select
        pipeline_key,
        cohort_month,
        dimension,
        dimension_value,
        sum(member_count) as cohort_count,
        sum(case when outcome = 'open' then member_count else 0 end) as still_open_count,
        sum(initial_amount) as cohort_amount,
        sum(missing_amount_count) as missing_amount_count
    from sums
    group by pipeline_key, cohort_month, dimension, dimension_value
),

closings as (
    select
        pipeline_key,
        cohort_month,
        closing_age,
        dimension,
        dimension_value,
        sum(case when outcome = 'won' then member_count else 0 end) as won_count,
        sum(case when outcome = 'lost' then member_count else 0 end) as lost_count,
        sum(won_amount) as won_amount
    from sums
    where closing_age is not null
    group by pipeline_key, cohort_month, closing_age, dimension, dimension_value
),

oldest_cohort as (
    select min(cohort_month) as cohort_month
    from cohorts
),

-- The ages that the oldest cohort has reached, if only on its first day.
reached_ages as (
    select ages.number
    from ages
    cross join as_of
    cross join oldest_cohort
    where {{ add_months('oldest_cohort.cohort_month', 'ages.number') }} <= as_of.as_of_date
),

cells as (
    select
        cohorts.*,
        reached_ages.number as age_months,
        {{ add_months(dbt.last_day('cohorts.cohort_month', 'month'), 'reached_ages.number') }}
        <= as_of.as_of_date as is_observed,
        as_of.as_of_date
    from cohorts
    cross join as_of
    cross join reached_ages
),

cumulative as (
    select
        cells.pipeline_key,
        cells.cohort_month,
        cells.age_months,
        cells.dimension,
        cells.dimension_value,
        cells.cohort_count,
        cells.still_open_count,
        cells.cohort_amount,
        cells.missing_amount_count,
        cells.is_observed,
        cells.as_of_date,
        sum(coalesce(closings.won_count, 0)) over by_age as won_count,
        sum(coalesce(closings.lost_count, 0)) over by_age as lost_count,
        sum(coalesce(closings.won_amount, 0)) over by_age as won_amount
    from cells
    left join closings
        on
            cells.pipeline_key = closings.pipeline_key
            and cells.cohort_month = closings.cohort_month
            and cells.dimension = closings.dimension
            and cells.dimension_value = closings.dimension_value
            and cells.age_months = closings.closing_age
    window by_age as (
        partition by
            cells.pipeline_key, cells.cohort_month, cells.dimension, cells.dimension_value
        order by cells.age_months
        rows between unbounded preceding and current row
    )
),

with_newest as (
    select
        *,
        coalesce(lag(won_count) over by_age, 0) as previous_won_count,
        max(case when is_observed then age_months end) over whole_cohort as last_observed_age,
        coalesce(max(case when is_observed then won_count end) over whole_cohort, 0)
            as last_won_count
    from cumulative
    window
        whole_cohort as (partition by {{ of_cohort }}),
        by_age as (partition by {{ of_cohort }} order by age_months)
),

-- A cohort that is observed at an age is observed at the age before; before age 0 nothing is won. Of
-- fewer than ten opportunities no age says anything: a single old one would be the pattern of all.
development as (
    select
        pipeline_key,
        dimension,
        dimension_value,
        age_months,
        sum(won_count) as won_count,
        sum(previous_won_count) as previous_won_count,
        -- Wins at one age over wins at the age before.
        sum(won_count) / nullif(cast(sum(previous_won_count) as double), 0) as factor
    from with_newest
    where is_observed
    group by pipeline_key, dimension, dimension_value, age_months
    having sum(cohort_count) >= 10
),

-- Chain ladder: factors multiply from age to age, as long as none is missing.
chained as (
    select
        pipeline_key,
        dimension,
        dimension_value,
        age_months,
        sum(ln(factor)) over by_age as log_factor,
        sum(case when factor is null then 1 else 0 end) over by_age as gap_count
    from development
    window by_age as (
        partition by pipeline_key, dimension, dimension_value
        order by age_months
        rows between unbounded preceding and current row
    )
),

-- The share of all wins that have come by an age, in the pipeline as a whole: one over the factors
-- still to come. A step is undefined only before the first win, where a later one is 0.
pattern as (
    select
        pipeline_key,
        age_months,
        case
            when sum(won_count) over (partition by pipeline_key) > 0
                then cast(
                    coalesce(
                        {{ running_product(
                            'cast(previous_won_count as double) / nullif(won_count, 0)',
                            '(partition by pipeline_key order by age_months desc '
                            ~ 'rows between unbounded preceding and 1 preceding)'
                        ) }},
                        1
                    ) as decimal(10, 9)
                )
        end as win_share,
        max(age_months) over (partition by pipeline_key) as last_age_months
    from development
    where dimension = 'all'
),

-- Cape Cod: wins so far over what of the cohorts has come so far; too little of it says nothing.
priors as (
    select
        with_newest.pipeline_key,
        with_newest.dimension,
        with_newest.dimension_value,
        least(
            sum(with_newest.won_count)
            / cast(sum(with_newest.cohort_count * pattern.win_share) as double),
            1
        ) as win_rate
    from with_newest
    inner join pattern
        on
            with_newest.pipeline_key = pattern.pipeline_key
            and least(with_newest.age_months, pattern.last_age_months) = pattern.age_months
    where with_newest.age_months = with_newest.last_observed_age
    group by with_newest.pipeline_key, with_newest.dimension, with_newest.dimension_value
    having sum(with_newest.cohort_count * pattern.win_share) >= 5
),

with_chain as (
    select
        with_newest.*,
        pattern.win_share,
        coalesce(own_priors.win_rate, pipeline_priors.win_rate) as prior_win_rate,
        case
            when
                not with_newest.is_observed
                and with_newest.last_won_count > 0
                and reached_now.gap_count = reached_then.gap_count
                then with_newest.last_won_count * exp(
                    reached_now.log_factor - coalesce(reached_then.log_factor, 0)
                )
        end as chained_won_count
    from with_newest
    left join chained as reached_now
        on
            with_newest.pipeline_key = reached_now.pipeline_key
            and with_newest.dimension = reached_now.dimension
            and with_newest.dimension_value = reached_now.dimension_value
            and with_newest.age_months = reached_now.age_months
    left join chained as reached_then
        on
            with_newest.pipeline_key = reached_then.pipeline_key
            and with_newest.dimension = reached_then.dimension
            and with_newest.dimension_value = reached_then.dimension_value
            and with_newest.last_observed_age = reached_then.age_months
    left join pattern
        on
            with_newest.pipeline_key = pattern.pipeline_key
            and with_newest.age_months = pattern.age_months
    left join priors as own_priors
        on
            with_newest.pipeline_key = own_priors.pipeline_key
            and with_newest.dimension = own_priors.dimension
            and with_newest.dimension_value = own_priors.dimension_value
    left join priors as pipeline_priors
        on
            with_newest.pipeline_key = pipeline_priors.pipeline_key
            and pipeline_priors.dimension = 'all'
),

with_chain_end as (
    select
        *,
        coalesce(max(chained_won_count) over whole_cohort, last_won_count) as chain_end_won_count,
        coalesce(
            max(case when is_observed or chained_won_count is not null then win_share end)
                over whole_cohort,
            0
        ) as chain_end_share
    from with_chain
    window whole_cohort as (partition by {{ of_cohort }})
),

-- Bornhuetter–Ferguson, from where the chain ends: what is to come is a share of the cohort's size,
-- not of its wins so far, which may be none.
projected as (
    select
        *,
        case
            when is_observed then null
            when chained_won_count is not null then 'chain_ladder'
            when prior_win_rate * win_share is not null then 'bornhuetter_ferguson'
        end as projection_method,
        chained_won_count / cohort_count as chained_win_rate,
        chain_end_won_count / cast(cohort_count as double)
        + prior_win_rate * cast(win_share - chain_end_share as double) as extended_win_rate
    from with_chain_end
),

-- Whatever other cohorts did: who has won by the age has won, and nobody but those and the ones that
-- are still open can have.
bounded as (
    select
        *,
        case
            when projection_method is not null
                then least(
                    greatest(
                        case projection_method
                            when 'chain_ladder' then chained_win_rate
                            else extended_win_rate
                        end,
                        {{ rate('won_count', 'cohort_count') }}
                    ),
                    {{ rate('(won_count + still_open_count)', 'cohort_count') }}
                )
        end as bounded_win_rate
    from projected
),

final as (
    select
        pipeline_key,
        cohort_month,
        age_months,
        dimension,
        dimension_value,
        cast(cohort_count as bigint) as cohort_count,
        cast(cohort_amount as decimal(18, 2)) as cohort_amount,
        cast(missing_amount_count as bigint) as missing_amount_count,
        case when is_observed then cast(won_count as bigint) end as won_count,
        case when is_observed then cast(lost_count as bigint) end as lost_count,
        case when is_observed then cast(cohort_count - won_count - lost_count as bigint) end
            as open_count,
        case when is_observed then cast(won_amount as decimal(18, 2)) end as won_amount,
        case when is_observed then {{ rate('won_count', 'cohort_count') }} end as win_rate,
        case when is_observed then {{ wilson_low('won_count', 'cohort_count') }} end
            as win_rate_low,
        case when is_observed then {{ wilson_high('won_count', 'cohort_count') }} end
            as win_rate_high,
        case when is_observed then {{ money_ratio('won_amount', 'cohort_amount') }} end
            as realised_rate,
        is_observed,
        bounded_win_rate as projected_win_rate,
        projection_method,
        as_of_date
    from bounded
)

select * from final
