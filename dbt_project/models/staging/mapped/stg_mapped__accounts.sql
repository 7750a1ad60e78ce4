-- One row an account of any mapped source: its newest version.
{{ config(materialized='incremental', unique_key=['source_system', 'account_id']) }}
with

delivered as (
    select * from {{ bronze('mapped', 'accounts') }}
),

typed as (
    select
        _source as source_system,
        account_id,
        account_name,
        industry,
        segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        parent_id,
        owner_id,
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
