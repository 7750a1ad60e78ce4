-- One row a user × file that delivered the user, of any mapped source.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ mapped_user_observations() }}
)

select * from final
