-- One row a pipeline × day since creation: the share of all wins that have come by then, G of the
-- Cape Cod method, and how it is made up by the age bands of drift.sql. The last day of the curve
-- stands for the end: there the share is 1.
{%- set series = ['pipeline_key'] %}
with

opportunities as (
    select
        pipeline_key,
        outcome,
        is_closed,
        created_at,
        closed_at,
        observed_from_at,
        is_left_truncated
    from {{ ref('int_opportunity_facts') }}
    where created_at is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

spells as (
    {{ spells_of('opportunities', 'as_of', 'created_at') }}
),

counted as (
    select
        pipeline_key,
        entry_day,
        exit_day,
        outcome,
        count(*) as spell_count
    from spells
    group by pipeline_key, entry_day, exit_day, outcome
),

moves as (
    {{ moves_by_day('counted', series) }}
),

risk_sets as (
    {{ risk_sets_of('moves', series) }}
),

curves as (
    {{ cumulative_incidence_of('risk_sets', series) }}
),

with_last as (
    select
        pipeline_key,
        days,
        win_incidence,
        max(win_incidence) over (partition by pipeline_key) as last_win_incidence,
        max(days) over (partition by pipeline_key) as last_days
    from curves
),

shares as (
    select
        pipeline_key,
        days,
        last_days,
        -- A decimal, so that sums over opportunities do not depend on their order.
        cast(win_incidence / last_win_incidence as decimal(7, 6)) as win_share
    from with_last
    where last_win_incidence > 0
),

banded as (
    select
        *,
        {{ age_band_of(
            'coalesce(lag(win_share) over (partition by pipeline_key order by days), 0)'
        ) }} as age_band
    from shares
),

bounds as (
    select
        pipeline_key,
        {%- for band in age_bands() %}
        max(case when age_band <= {{ band }} then win_share end) as band_{{ band }}_end
        {{- ',' if not loop.last }}
        {%- endfor %}
    from banded
    group by pipeline_key
),

final as (
    select
        banded.*,
        cast(banded.win_share * banded.win_share as decimal(7, 6)) as squared_win_share
        {%- for band in age_bands() %},
        least(banded.win_share, bounds.band_{{ band }}_end)
        {%- if not loop.first %}
        - least(banded.win_share, bounds.band_{{ band - 1 }}_end)
        {%- endif %} as band_{{ band }}_share
        {%- endfor %}
    from banded
    inner join bounds on banded.pipeline_key = bounds.pipeline_key
)

select * from final
