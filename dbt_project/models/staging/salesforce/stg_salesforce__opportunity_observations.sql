-- One row an opportunity × file that delivered it: all that nights brought, in canonical columns.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ salesforce_opportunity_observations() }}
)

select * from final
