-- One row a calendar day, from the year of the oldest date in the marts to the year of the latest,
-- and to the year after today's at least. What lies ten years ahead or more was mistyped.
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

versions as (
    select * from {{ ref('fct_opportunity_version') }}
),

lines as (
    select * from {{ ref('fct_opportunity_line') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

activities as (
    select * from {{ ref('fct_activity') }}
),

campaigns as (
    select * from {{ ref('dim_campaign') }}
),

users as (
    select * from {{ ref('int_users') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

dates as (
    select {{ business_date('created_at') }} as told_date
    from opportunities
    union all
    select close_date
    from opportunities
    union all
    select close_date
    from versions
    union all
    select service_date
    from lines
    union all
    select {{ business_date('created_at') }}
    from leads
    union all
    select {{ business_date('occurred_at') }}
    from activities
    union all
    select start_date
    from campaigns
    union all
    select end_date
    from campaigns
    union all
    select hired_date
    from users
    union all
    select as_of_date
    from as_of
    union all
    select {{ add_months('as_of_date', 12) }}
    from as_of
),

extremes as (
    select
        min(dates.told_date) as oldest_date,
        max(
            case
                when dates.told_date < {{ add_months('as_of.as_of_date', 120) }}
                    then dates.told_date
            end
        ) as latest_date
    from dates
    cross join as_of
),

bounds as (
    select
        cast({{ dbt.date_trunc('year', 'oldest_date') }} as date) as first_day,
        cast({{ dbt.date_trunc('year', add_months('latest_date', 12)) }} as date) as end_day
    from extremes
),

days as (
    {{ days_from_to(
        '(select first_day from bounds)',
        '(select ' ~ dbt.dateadd('day', -1, 'end_day') ~ ' from bounds)'
    ) }}
),

periods as (
    {{ fiscal_periods('days', 'date_day') }}
),

numbered as (
    select
        *,
        cast(extract(year from date_day) as integer) as calendar_year,
        cast(extract(quarter from date_day) as integer) as calendar_quarter,
        cast(extract(month from date_day) as integer) as calendar_month,
        cast(extract(isoyear from date_day) as integer) as iso_year,
        cast(extract(week from date_day) as integer) as iso_week,
        cast(extract(isodow from date_day) as integer) as iso_day_of_week
    from periods
),

final as (
    select
        date_day,
        calendar_year,
        calendar_quarter,
        calendar_month,
        iso_year,
        iso_week,
        iso_day_of_week,
        calendar_year || '-Q' || calendar_quarter as calendar_quarter_id,
        calendar_year || '-' || {{ two_digits('calendar_month') }} as calendar_month_id,
        iso_year || '-W' || {{ two_digits('iso_week') }} as iso_week_id,
        cast({{ dbt.date_trunc('year', 'date_day') }} as date) as calendar_year_start_date,
        {{ quarter_of('date_day') }} as calendar_quarter_start_date,
        {{ month_of('date_day') }} as calendar_month_start_date,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as calendar_week_start_date,
        fiscal_year,
        fiscal_quarter,
        fiscal_month,
        fiscal_week,
        'FY' || fiscal_year as fiscal_year_id,
        'FY' || fiscal_year || '-Q' || fiscal_quarter as fiscal_quarter_id,
        'FY' || fiscal_year || '-M' || {{ two_digits('fiscal_month') }} as fiscal_month_id,
        'FY' || fiscal_year || '-W' || {{ two_digits('fiscal_week') }} as fiscal_week_id,
        fiscal_year_start_date,
        fiscal_quarter_start_date,
        fiscal_month_start_date,
        fiscal_week_start_date,
        iso_day_of_week <= 5 as is_business_day
    from numbered
)

select * from final
