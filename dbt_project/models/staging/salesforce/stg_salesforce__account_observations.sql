-- One row an account × file that delivered it: all that nights brought, in canonical columns.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ salesforce_account_observations() }}
)

select * from final
