-- One row a user's quota for a period, of any mapped source, in the reporting currency.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'user_id', 'period_start', 'period_end'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'quotas') }}
),

typed as (
    select
        _source as source_system,
        user_id,
        period_start,
        period_end,
        amount,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
