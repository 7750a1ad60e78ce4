-- One row a contact of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'contact_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'contacts') }}
),

typed as (
    select
        _source as source_system,
        contact_id,
        account_id,
        email_hash,
        email_domain,
        phone_hash,
        phone_last_digits,
        title,
        owner_id,
        lead_source,
        created_at,
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
