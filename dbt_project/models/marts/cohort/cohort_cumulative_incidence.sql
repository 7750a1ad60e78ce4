-- One row a pipeline × day since qualification × slice: the shares that were won, lost and are
-- still open by then, estimated from all qualified opportunities, open ones included
-- (Aalen–Johansen). To the credit of whoever owned them when they were created.
{%- set series = ['pipeline_key', 'dimension', 'dimension_value'] %}
with

opportunities as (
    select
        pipeline_key,
        owner_at_creation_key as owner,
        lead_source,
        segment,
        opportunity_type,
        account_industry,
        outcome,
        is_closed,
        qualified_at,
        closed_at,
        observed_from_at,
        is_left_truncated
    from {{ ref('int_opportunity_facts') }}
    where qualified_at is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

spells as (
    {{ spells_of('opportunities', 'as_of', 'qualified_at') }}
),

-- Everything behind this is by day, not by opportunity.
counted as (
    select
        pipeline_key,
        {{ slice_columns() }},
        entry_day,
        exit_day,
        outcome,
        count(*) as spell_count
    from spells
    {{ group_by_slices(['pipeline_key', 'entry_day', 'exit_day', 'outcome']) }}
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

final as (
    select
        curves.pipeline_key,
        curves.dimension,
        curves.dimension_value,
        curves.days,
        cast(curves.at_risk_count as bigint) as at_risk_count,
        cast(curves.won_count as bigint) as won_count,
        cast(curves.lost_count as bigint) as lost_count,
        cast(curves.censored_count as bigint) as censored_count,
        cast(curves.entered_count as bigint) as entered_count,
        curves.win_incidence,
        {{ incidence_low('curves.win_incidence', 'curves.win_variance') }} as win_incidence_low,
        {{ incidence_high('curves.win_incidence', 'curves.win_variance') }} as win_incidence_high,
        curves.loss_incidence,
        curves.open_share,
        as_of.as_of_date
    from curves
    cross join as_of
)

select * from final
