-- One row a lead of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'lead_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'leads') }}
),

typed as (
    select
        _source as source_system,
        lead_id,
        status,
        lead_source,
        campaign_id,
        owner_id,
        created_at,
        first_touch_at,
        mql_at,
        sql_at,
        converted_at,
        opportunity_id,
        account_id,
        contact_id,
        email_hash,
        email_domain,
        company,
        country,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
