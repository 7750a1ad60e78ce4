-- One row a currency's rate from a day on, of any mapped source, in units of the currency for one
-- unit of the reporting currency.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'currency_code', 'valid_from'],
) }}
with

delivered as (
    select * from {{ bronze('mapped', 'exchange_rates') }}
),

typed as (
    select
        _source as source_system,
        currency_code,
        valid_from,
        rate,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from delivered
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
