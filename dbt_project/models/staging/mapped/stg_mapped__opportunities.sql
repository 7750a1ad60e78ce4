-- One row an opportunity of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'opportunity_id']) }}
with

observations as (
    {{ mapped_opportunity_observations() }}
),

final as (
    {{ newest_observations('observations', 'modified_at') }}
)

select * from final
