-- One row a contact: its newest version, deleted and merged ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'contact'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as contact_id,
        AccountId as account_id,
        coalesce(Name, {{ full_name('FirstName', 'LastName') }}) as full_name,
        Email as email,
        Phone as phone,
        Title as title,
        OwnerId as owner_id,
        LeadSource as lead_source,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        MasterRecordId as merged_into_id,
        coalesce(SystemModstamp, LastModifiedDate) as modified_at,
        _batch_date as last_batch_date{{ passthrough_columns(source('salesforce', 'contact')) }}
    from versions
)

select * from final
