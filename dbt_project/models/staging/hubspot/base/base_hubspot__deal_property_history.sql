-- One row a version of a property of a deal that tells of its past, as the newest night told it.
{{ config(materialized='incremental', unique_key=['id', 'property', 'changed_at']) }}
with

delivered as (
    select * from {{ bronze('hubspot', 'deal_property_history') }}
    where
        property in (
            'dealstage', 'pipeline', 'amount', 'closedate', 'hubspot_owner_id',
            'hs_manual_forecast_category'
        )
),

typed as (
    {{ hubspot_property_versions('delivered') }}
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
