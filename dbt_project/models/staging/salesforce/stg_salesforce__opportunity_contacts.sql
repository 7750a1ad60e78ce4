-- One row a contact's part in an opportunity: its newest version, deleted ones included. A contact
-- may have several parts in one opportunity.
with

versions as (
    {{ newest_versions(
        source('salesforce', 'opportunity_contact_role'), ['Id'], 'SystemModstamp'
    ) }}
),

final as (
    select
        'salesforce' as source_system,
        OpportunityId as opportunity_id,
        ContactId as contact_id,
        Role as role,
        coalesce(IsPrimary, false) as is_primary,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        _batch_date as last_batch_date
    from versions
)

select * from final
