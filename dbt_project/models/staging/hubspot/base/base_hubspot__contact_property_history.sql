-- One row a version of a contact's lifecycle stage, as the newest night told it.
{{ config(materialized='incremental', unique_key=['id', 'property', 'changed_at']) }}
with

delivered as (
    select * from {{ bronze('hubspot', 'contact_property_history') }}
    where property = 'lifecyclestage'
),

typed as (
    {{ hubspot_property_versions('delivered') }}
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
