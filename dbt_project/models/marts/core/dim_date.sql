-- One row a calendar day, from the year of the oldest date in the warehouse to the year after
-- today's.
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

extremes as (
    select
        min(
            least(
                opportunities.created_at,
                cast(opportunities.close_date as timestamp),
                cast(as_of.as_of_date as timestamp)
            )
        ) as oldest_at,
        max(as_of.as_of_date) as as_of_date
    from as_of
    left join opportunities on true
),

bounds as (
    select
        cast({{ dbt.date_trunc('year', 'oldest_at') }} as date) as first_day,
        cast({{ dbt.date_trunc('year', dbt.dateadd('year', 2, 'as_of_date')) }} as date) as end_day
    from extremes
),

days as (
    {{ days_from_to(
        '(select first_day from bounds)',
        '(select ' ~ dbt.dateadd('day', -1, 'end_day') ~ ' from bounds)'
    ) }}
),

shifted as (
    select
        date_day,
        -- The fiscal calendar is the Gregorian one, moved so that its year starts in January.
        {{ add_months(month_of('date_day'), 1 - var('fiscal_year_start_month')) }}
            as fiscal_month_in_calendar
    from days
),

final as (
    select
        date_day,
        cast(extract(year from date_day) as integer) as calendar_year,
        cast(extract(quarter from date_day) as integer) as calendar_quarter,
        cast(extract(month from date_day) as integer) as calendar_month,
        cast(extract(isoyear from date_day) as integer) as iso_year,
        cast(extract(week from date_day) as integer) as iso_week,
        cast(extract(isodow from date_day) as integer) as iso_day_of_week,
        cast({{ dbt.date_trunc('year', 'date_day') }} as date) as calendar_year_start_date,
        {{ quarter_of('date_day') }} as calendar_quarter_start_date,
        {{ month_of('date_day') }} as calendar_month_start_date,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as calendar_week_start_date,
        cast(extract(year from fiscal_month_in_calendar) as integer)
        + {{ 1 if var('fiscal_year_start_month') > 1 else 0 }} as fiscal_year,
        cast(extract(quarter from fiscal_month_in_calendar) as integer) as fiscal_quarter,
        cast(extract(month from fiscal_month_in_calendar) as integer) as fiscal_month,
        {{ add_months(
            dbt.date_trunc('year', 'fiscal_month_in_calendar'), var('fiscal_year_start_month') - 1
        ) }} as fiscal_year_start_date,
        {{ add_months(
            quarter_of('fiscal_month_in_calendar'), var('fiscal_year_start_month') - 1
        ) }} as fiscal_quarter_start_date,
        extract(isodow from date_day) <= 5 as is_business_day
    from shifted
)

select * from final
