-- One row a product line of an opportunity of any source that is there today.
{{ config(materialized='ephemeral') }}
with

staged as (
    {{ staged_opportunity_lines() }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

final as (
    {{ still_there('staged', 'full_extracts') }}
)

select * from final
