-- One row an account × file that delivered it, of any mapped source: all that nights brought.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ mapped_account_observations() }}
)

select * from final
