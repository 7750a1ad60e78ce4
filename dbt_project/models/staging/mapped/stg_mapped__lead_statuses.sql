-- One row a lead status that means something, of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'status']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'lead_statuses') }}
),

typed as (
    select
        _source as source_system,
        status,
        meaning,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
