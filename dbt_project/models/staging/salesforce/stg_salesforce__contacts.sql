-- One row a contact: its newest version, deleted and merged ones included.
{{ config(materialized='incremental', unique_key=['contact_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'contact') }}
),

typed as (
    select
        'salesforce' as source_system,
        Id as contact_id,
        AccountId as account_id,
        Email_hash as email_hash,
        Email_domain as email_domain,
        Phone_hash as phone_hash,
        Phone_last_digits as phone_last_digits,
        Title as title,
        OwnerId as owner_id,
        LeadSource as lead_source,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        MasterRecordId as merged_into_id,
        coalesce(SystemModstamp, LastModifiedDate) as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
        {{- passthrough_columns(bronze('salesforce', 'contact'), 'delivered') }}
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
