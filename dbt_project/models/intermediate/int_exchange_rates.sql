-- One row a source × currency × day from which a rate holds: what one unit of the currency is worth
-- in the reporting currency.
--
-- A currency for which a source has no rates of its own is converted by those of another source:
-- of a mapped one before Salesforce's, because its rates were written for this warehouse, and by
-- name among those. Rates of two sources are never mixed within a currency.
with

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
    where status <> 'refused'
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name = 'exchange_rates'
),

salesforce_rates as (
    select * from {{ ref('stg_salesforce__exchange_rates') }}
),

mapped_rates as (
    select * from {{ ref('stg_mapped__exchange_rates') }}
),

-- Units of each currency for one unit of the corporate one, which itself stands at 1 for ever.
corporate_rates as (
    select
        source_system,
        currency_code,
        valid_from,
        rate
    from salesforce_rates
    where currency_code <> coalesce(corporate_currency_code, '')
    union all
    select distinct
        source_system,
        corporate_currency_code as currency_code,
        {{ beginning_of_time() }} as valid_from,
        1.0 as rate
    from salesforce_rates
    where corporate_currency_code is not null
),

corporate_periods as (
    select
        *,
        lead(valid_from) over (
            partition by source_system, currency_code order by valid_from
        ) as valid_to
    from corporate_rates
),

reporting_periods as (
    select * from corporate_periods
    where currency_code = '{{ var("reporting_currency") }}'
),

-- From the currency to the corporate one and from there to the reporting one, for as long as
-- neither rate changes.
crossed_rates as (
    select
        periods.source_system,
        periods.currency_code,
        greatest(periods.valid_from, reporting_periods.valid_from) as valid_from,
        reporting_periods.rate / nullif(periods.rate, 0) as rate_to_reporting
    from corporate_periods as periods
    inner join reporting_periods
        on
            periods.source_system = reporting_periods.source_system
            and (
                periods.valid_from < reporting_periods.valid_to
                or reporting_periods.valid_to is null
            )
            and (
                periods.valid_to > reporting_periods.valid_from
                or periods.valid_to is null
            )
),

-- Where each night brings all rates, one that is no longer among them was taken back.
written_rates as (
    select
        mapped_rates.source_system,
        mapped_rates.currency_code,
        mapped_rates.valid_from,
        1 / nullif(mapped_rates.rate, 0) as rate_to_reporting
    from mapped_rates
    left join full_extracts on mapped_rates.source_system = full_extracts.source_system
    where coalesce(mapped_rates.last_seen_date >= full_extracts.batch_date, true)
),

own_rates as (
    select
        *,
        2 as place_of_kind
    from crossed_rates
    where currency_code <> '{{ var("reporting_currency") }}'
    union all
    select
        *,
        1 as place_of_kind
    from written_rates
    where currency_code <> '{{ var("reporting_currency") }}'
),

rated_currencies as (
    select distinct
        currency_code,
        source_system,
        place_of_kind
    from own_rates
),

source_systems as (
    select distinct source_system
    from loads
),

-- Whose rates each source takes for a currency.
ranked as (
    select
        source_systems.source_system,
        rated_currencies.currency_code,
        rated_currencies.source_system as rate_source_system,
        row_number() over (
            partition by source_systems.source_system, rated_currencies.currency_code
            order by
                case
                    when rated_currencies.source_system = source_systems.source_system then 0
                    else rated_currencies.place_of_kind
                end,
                rated_currencies.source_system
        ) as place
    from source_systems
    cross join rated_currencies
),

chosen_rates as (
    select
        ranked.source_system,
        ranked.currency_code,
        own_rates.valid_from,
        own_rates.rate_to_reporting,
        ranked.rate_source_system
    from ranked
    inner join own_rates
        on
            ranked.rate_source_system = own_rates.source_system
            and ranked.currency_code = own_rates.currency_code
    where ranked.place = 1
),

all_rates as (
    select * from chosen_rates
    union all
    select
        source_system,
        '{{ var("reporting_currency") }}' as currency_code,
        {{ beginning_of_time() }} as valid_from,
        1.0 as rate_to_reporting,
        source_system as rate_source_system
    from source_systems
),

final as (
    select
        source_system,
        currency_code,
        valid_from,
        lead(valid_from) over (
            partition by source_system, currency_code order by valid_from
        ) as valid_to,
        cast(rate_to_reporting as double) as rate_to_reporting,
        rate_source_system
    from all_rates
)

select * from final
