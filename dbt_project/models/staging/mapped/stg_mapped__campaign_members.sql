-- One row a lead's or contact's part in a campaign of any mapped source: its newest version.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'campaign_id', 'lead_id', 'contact_id'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'campaign_members') }}
),

typed as (
    select
        _source as source_system,
        campaign_id,
        lead_id,
        contact_id,
        status,
        coalesce(has_responded, responded_at is not null) as has_responded,
        responded_at,
        created_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
