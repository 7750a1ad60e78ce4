-- One row a contact's part in an opportunity: its newest version, deleted ones included. A contact
-- may have several parts in one opportunity.
{{ config(materialized='incremental', unique_key=['record_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'opportunity_contact_role') }}
),

typed as (
    select
        'salesforce' as source_system,
        OpportunityId as opportunity_id,
        ContactId as contact_id,
        Role as role,
        coalesce(IsPrimary, false) as is_primary,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp as modified_at,
        Id as record_id,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
