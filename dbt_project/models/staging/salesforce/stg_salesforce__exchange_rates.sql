-- One row a currency's rate from a day on, in units of the currency for one unit of the corporate
-- currency. A currency without dated rates has its rate of today for all time.
with

dated_rates as (
    {{ newest_versions(
        source('salesforce', 'dated_conversion_rate'), ['IsoCode', 'StartDate'], 'SystemModstamp'
    ) }}
),

currencies as (
    {{ newest_versions(source('salesforce', 'currency_type'), ['IsoCode'], 'SystemModstamp') }}
),

constant_rates as (
    select currencies.*
    from currencies
    left join dated_rates on currencies.IsoCode = dated_rates.IsoCode
    where dated_rates.IsoCode is null
),

corporate_currency as (
    select min(IsoCode) as corporate_currency_code
    from currencies
    where IsCorporate
),

rates as (
    select
        IsoCode,
        StartDate as valid_from,
        ConversionRate,
        false as is_constant,
        _batch_date
    from dated_rates
    union all
    select
        IsoCode,
        {{ beginning_of_time() }} as valid_from,
        ConversionRate,
        true as is_constant,
        _batch_date
    from constant_rates
),

final as (
    select
        'salesforce' as source_system,
        rates.IsoCode as currency_code,
        rates.valid_from,
        rates.ConversionRate as rate,
        corporate_currency.corporate_currency_code,
        rates.is_constant,
        rates._batch_date as last_batch_date
    from rates
    cross join corporate_currency
)

select * from final
