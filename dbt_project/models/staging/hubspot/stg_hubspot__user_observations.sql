-- One row an owner × file that delivered it, with the main team as far as that night had told it.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ hubspot_user_observations() }}
)

select * from final
