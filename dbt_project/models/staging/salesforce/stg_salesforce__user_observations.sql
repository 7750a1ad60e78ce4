-- One row a user × file that delivered the user.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ salesforce_user_observations() }}
)

select * from final
