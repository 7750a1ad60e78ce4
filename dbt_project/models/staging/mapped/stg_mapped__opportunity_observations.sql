-- One row an opportunity × file that delivered it, of any mapped source: all that nights brought.
{{ config(materialized='ephemeral') }}
with

final as (
    {{ mapped_opportunity_observations() }}
)

select * from final
