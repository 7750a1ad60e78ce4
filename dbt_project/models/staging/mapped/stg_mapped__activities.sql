-- One row a call, e-mail, meeting, task or note of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'activity_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'activities') }}
),

typed as (
    select
        _source as source_system,
        activity_id,
        opportunity_id,
        account_id,
        contact_id,
        lead_id,
        owner_id,
        coalesce(channel, 'other') as channel,
        direction,
        occurred_at,
        duration_minutes,
        is_completed,
        outcome,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
