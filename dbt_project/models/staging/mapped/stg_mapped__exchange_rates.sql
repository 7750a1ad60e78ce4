-- One row a currency's rate from a day on, of any mapped source, in units of the currency for one
-- unit of the reporting currency.
with

versions as (
    {{ newest_versions(
        source('mapped', 'exchange_rates'), ['_source', 'currency_code', 'valid_from']
    ) }}
),

final as (
    select
        _source as source_system,
        currency_code,
        valid_from,
        rate,
        _batch_date as last_batch_date
    from versions
)

select * from final
