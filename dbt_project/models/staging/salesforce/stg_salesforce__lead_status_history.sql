-- One row a lead's entry into a status that field tracking saw, with the status before it. A lead
-- that never changed, or changed before tracking began, has no row.
{{ config(materialized='incremental', unique_key=['record_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'lead_history') }}
),

typed as (
    select
        'salesforce' as source_system,
        LeadId as lead_id,
        NewValue as status,
        OldValue as previous_status,
        CreatedDate as changed_at,
        cast(null as bigint) as sequence,
        Id as record_id,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
    where
        Field = 'Status'
        and NewValue is not null
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
