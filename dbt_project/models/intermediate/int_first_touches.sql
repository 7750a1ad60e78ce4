-- One row a lead × episode in which somebody reached out to it: when that was first. The episode of
-- a lead that was never recycled is its first.
{{ config(
    materialized='incremental',
    unique_key='lead_key',
    meta={'recomputed': 'int_changed_leads'},
) }}
{#- Of few leads most nights: a CTE that several read would be kept whole. -#}
{%- set activities -%}
    (
        {{ still_there('(' ~ staged_activities() ~ ')', 'full_extracts') }}
    )
{%- endset %}
{%- set participants -%}
    (
        {{ still_there('(' ~ staged_participants() ~ ')', 'full_extracts') }}
    )
{%- endset %}
with

leads as (
    select * from {{ changed_rows(ref('int_leads'), 'int_changed_leads', ['lead_key']) }}
),

episodes as (
    select * from {{ changed_rows(ref('int_lead_episodes'), 'int_changed_leads', ['lead_key']) }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

touches as (
    {{ touches_of_leads('leads', people_of_activities(activities, participants), 'as_of') }}
),

final as (
    select
        touches.lead_key,
        coalesce(episodes.episode_number, 1) as episode_number,
        min(touches.occurred_at) as first_touch_at
    from touches
    left join episodes
        on
            touches.lead_key = episodes.lead_key
            and touches.occurred_at >= episodes.started_at
            and (episodes.ended_at is null or touches.occurred_at < episodes.ended_at)
    group by touches.lead_key, coalesce(episodes.episode_number, 1)
)

select * from final
