-- One row a user's share of an opportunity under one type of split, of any mapped source: its
-- newest version.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'opportunity_id', 'user_id', 'split_type'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'opportunity_splits') }}
),

typed as (
    select
        _source as source_system,
        opportunity_id,
        user_id,
        share,
        split_type,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
