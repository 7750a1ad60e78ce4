-- One row a contact's part in an opportunity of any mapped source: its newest version.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'opportunity_id', 'contact_id'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'opportunity_contacts') }}
),

typed as (
    select
        _source as source_system,
        opportunity_id,
        contact_id,
        role,
        coalesce(is_primary, false) as is_primary,
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
