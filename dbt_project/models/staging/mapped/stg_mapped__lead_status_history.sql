-- One row a lead's entry into a status, of any mapped source. A row without an instant is no event.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'lead_id', 'status', 'changed_at', 'sequence'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'lead_status_history') }}
),

typed as (
    select
        _source as source_system,
        lead_id,
        status,
        changed_at,
        sequence,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
    where changed_at is not null
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
