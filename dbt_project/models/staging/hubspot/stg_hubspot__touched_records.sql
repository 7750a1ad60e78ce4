-- One row a deal or company that the loads of this build name in any way.
{{ config(materialized='ephemeral') }}
with

final as (
    select
        'hubspot' as source_system,
        'opportunity' as object_name,
        id as record_id
    from {{ bronze('hubspot', 'deal') }}
    union
    select
        'hubspot',
        'opportunity',
        id
    from {{ bronze('hubspot', 'deal_property_history') }}
    union
    select
        'hubspot',
        'account',
        id
    from {{ bronze('hubspot', 'company') }}
)

select * from final
