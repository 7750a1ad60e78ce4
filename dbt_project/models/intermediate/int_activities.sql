-- One row a call, e-mail, meeting, task or note of any source that is not deleted.
{{ config(materialized='ephemeral') }}
with

staged as (
    {{ staged_activities() }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

final as (
    {{ still_there('staged', 'full_extracts') }}
)

select * from final
