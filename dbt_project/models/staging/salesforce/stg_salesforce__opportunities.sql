-- One row an opportunity: its newest version, deleted ones included.
{{ config(materialized='incremental', unique_key=['opportunity_id']) }}
with

observations as (
    {{ salesforce_opportunity_observations() }}
),

final as (
    {{ newest_observations('observations', 'modified_at') }}
)

select * from final
