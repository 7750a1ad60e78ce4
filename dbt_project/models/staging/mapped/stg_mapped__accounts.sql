-- One row an account of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'account_id']) }}
with

observations as (
    {{ mapped_account_observations() }}
),

final as (
    {{ newest_observations('observations', 'modified_at') }}
)

select * from final
