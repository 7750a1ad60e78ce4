-- One row a source × currency: the constant rate at which plans and trends are counted, so that no
-- exchange rate moves them.
--
-- It is the rate of the first day of the fiscal year, or of the day that the variable
-- `plan_rate_date` names; the first known one where rates begin later.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

fiscal_year as (
    {{ fiscal_periods('as_of', 'as_of_date') }}
),

planned as (
    select
        coalesce(
            cast(nullif('{{ var("plan_rate_date") }}', '') as date), fiscal_year_start_date
        ) as plan_rate_date
    from fiscal_year
),

days as (
    select
        exchange_rates.source_system,
        exchange_rates.currency_code,
        greatest(min(exchange_rates.valid_from), min(planned.plan_rate_date)) as plan_rate_date
    from exchange_rates
    cross join planned
    group by exchange_rates.source_system, exchange_rates.currency_code
),

final as (
    select
        days.source_system,
        days.currency_code,
        exchange_rates.rate_to_reporting as plan_rate,
        days.plan_rate_date
    from days
    inner join exchange_rates
        on
            days.source_system = exchange_rates.source_system
            and days.currency_code = exchange_rates.currency_code
            and days.plan_rate_date >= exchange_rates.valid_from
            and (days.plan_rate_date < exchange_rates.valid_to or exchange_rates.valid_to is null)
)

select * from final
