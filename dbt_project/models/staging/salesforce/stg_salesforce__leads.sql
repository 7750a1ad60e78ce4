-- One row a lead: its newest version, converted, deleted and merged ones included.
{{ config(materialized='incremental', unique_key=['lead_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'lead') }}
),

typed as (
    select
        'salesforce' as source_system,
        Id as lead_id,
        Status as status,
        LeadSource as lead_source,
        cast(null as varchar) as campaign_id,
        OwnerId as owner_id,
        CreatedDate as created_at,
        cast(null as timestamp) as first_touch_at,
        cast(null as timestamp) as mql_at,
        cast(null as timestamp) as sql_at,
        -- Salesforce keeps the day alone.
        case when coalesce(IsConverted, true) then {{ start_of_day('ConvertedDate') }} end
            as converted_at,
        ConvertedOpportunityId as opportunity_id,
        ConvertedAccountId as account_id,
        ConvertedContactId as contact_id,
        Email_hash as email_hash,
        Email_domain as email_domain,
        Company as company,
        Country as country,
        coalesce(IsDeleted, false) as is_deleted,
        MasterRecordId as merged_into_id,
        coalesce(SystemModstamp, LastModifiedDate) as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
        {{- passthrough_columns(bronze('salesforce', 'lead'), 'delivered') }}
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
