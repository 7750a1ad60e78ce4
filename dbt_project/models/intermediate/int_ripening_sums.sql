-- One row a pipeline × month of creation × slice: opportunities, how much of each has come by its
-- age, and in which bands of ages those that were won came to it. Credit goes to whoever owned them
-- at first.
{{ config(materialized='ephemeral') }}
with

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

development as (
    select * from {{ ref('int_win_development') }}
),

ends as (
    select distinct
        pipeline_key,
        last_days
    from development
),

-- Opportunities by age, up to the end of their pipeline's curve: from there on all have come.
aged as (
    select
        opportunities.pipeline_key,
        {{ month_of(business_date('opportunities.created_at')) }} as metric_month,
        least(
            {{ day_of_spell('opportunities.created_at', 'as_of.as_of_at') }}, ends.last_days
        ) as age_days,
        case
            when opportunities.is_won and opportunities.closed_at >= opportunities.created_at
                then least(
                    {{ day_of_spell('opportunities.created_at', 'opportunities.closed_at') }},
                    ends.last_days
                )
        end as won_days,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.owner_at_creation_key as owner,
        opportunities.lead_source,
        opportunities.segment,
        opportunities.opportunity_type,
        opportunities.account_industry
    from opportunities
    cross join as_of
    left join ends on opportunities.pipeline_key = ends.pipeline_key
    where opportunities.created_at is not null
),

-- Without a curve of its pipeline nobody can say how much of an opportunity has come, nor whether
-- its win came early.
final as (
    select
        aged.pipeline_key,
        aged.metric_month,
        {{ slice_columns() }},
        count(*) as member_count,
        sum(case when aged.is_won then 1 else 0 end) as won_count,
        sum(case when aged.is_closed then 0 else 1 end) as open_count,
        {% for band in age_bands() -%}
        sum(case when at_win.age_band = {{ band }} then 1 else 0 end) as band_{{ band }}_won_count,
        coalesce(sum(development.band_{{ band }}_share), 0) as band_{{ band }}_share_sum,
        {% endfor -%}
        coalesce(sum(development.win_share), 0) as share_sum,
        coalesce(sum(development.squared_win_share), 0) as squared_share_sum
    from aged
    left join development
        on
            aged.pipeline_key = development.pipeline_key
            and aged.age_days = development.days
    left join development as at_win
        on
            aged.pipeline_key = at_win.pipeline_key
            and aged.won_days = at_win.days
    {{ group_by_slices(['aged.pipeline_key', 'aged.metric_month']) }}
)

select * from final
