-- One row an account: its newest version, deleted and merged ones included.
{{ config(materialized='incremental', unique_key=['account_id']) }}
with

observations as (
    {{ salesforce_account_observations() }}
),

final as (
    {{ newest_observations('observations', 'modified_at') }}
)

select * from final
