-- One row an opportunity or account that the loads of this build name in any way.
{{ config(materialized='ephemeral') }}
with

final as (
    select
        'salesforce' as source_system,
        'opportunity' as object_name,
        OpportunityId as record_id
    from {{ bronze('salesforce', 'opportunity_history') }}
    union
    select
        'salesforce',
        'opportunity',
        OpportunityId
    from {{ bronze('salesforce', 'opportunity_field_change') }}
    union
    select
        'salesforce',
        'opportunity',
        OpportunityId
    from {{ bronze('salesforce', 'opportunity_split') }}
    union
    select
        'salesforce',
        'account',
        Id
    from {{ bronze('salesforce', 'account') }}
)

select * from final
