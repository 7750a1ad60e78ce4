-- One row a stay of an opportunity in one open stage; an open stay is censored at today.
{{ config(materialized='view') }}
with

events as (
    select * from {{ ref('int_stage_events') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    {{ visits_of('events', 'as_of') }}
)

select * from final
