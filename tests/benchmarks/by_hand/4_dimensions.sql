-- Whom and what facts point at.

create table marts.bridge_merge as
select
    'account' as object_name,
    'salesforce' as source_system,
    'salesforce:' || account_id as merged_key,
    'salesforce:' || survivor_id as survivor_key,
    'salesforce:' || final_survivor_id as final_survivor_key,
    cast(null as date) as merged_date
from account_mergers;

create table marts.dim_account as
with

known as (
    select * from accounts
    union all by name
    select
        account_id,
        account_id as account_name,
        false as is_deleted
    from (
        select distinct account_id from opportunities
        where account_id <> 'unknown'
    ) as named
    anti join accounts using (account_id)
    union all by name
    select
        'unknown' as account_id,
        'Unknown' as account_name,
        false as is_deleted
)

select
    'salesforce:' || account_id as account_key,
    'salesforce' as source_system,
    account_id,
    coalesce(account_name, account_id) as account_name,
    coalesce(industry, 'unknown') as industry,
    coalesce(segment, 'unknown') as segment,
    country,
    employee_count,
    cast(round_even(annual_revenue, 2) as decimal(18, 2)) as annual_revenue,
    account_type,
    'salesforce:' || parent_id as parent_account_key,
    'salesforce:' || merged_into_id as merged_into_key,
    is_deleted
from known;

create table marts.dim_account_version as
select
    dim_account.account_key,
    1 as version_number,
    dim_account.source_system,
    dim_account.account_id,
    dim_account.account_name,
    dim_account.industry,
    dim_account.segment,
    dim_account.country,
    dim_account.employee_count,
    dim_account.annual_revenue,
    dim_account.account_type,
    'salesforce:' || accounts.owner_id as owner_key,
    dim_account.parent_account_key,
    dim_account.merged_into_key,
    dim_account.is_deleted or dim_account.merged_into_key is not null as is_deleted,
    timestamp '1900-01-01' as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current
from marts.dim_account
left join accounts using (account_id);

create table marts.dim_product as
with

products as (
    select *
    from read_parquet(getvariable('bronze') || '/salesforce/product2/*/*.parquet')
    qualify row_number() over (
        partition by Id
        order by SystemModstamp desc nulls last, _batch_date desc, _load_number desc, _row_number desc
    ) = 1
)

select
    'salesforce:' || Id as product_key,
    'salesforce' as source_system,
    coalesce(Name, Id) as product_name,
    Family as product_family,
    cast(null as decimal(18, 2)) as list_price,
    coalesce(IsActive, true) as is_active
from products
union all
select
    'salesforce:unknown' as product_key,
    'salesforce' as source_system,
    'unknown' as product_name,
    null as product_family,
    null as list_price,
    null as is_active;

create table marts.dim_rep as
with

users as (
    select *
    from read_parquet(getvariable('bronze') || '/salesforce/user/*/*.parquet')
    qualify row_number() over (
        partition by Id order by _batch_date desc, _load_number desc, _row_number desc
    ) = 1
)

select
    people.rep_key,
    'salesforce' as source_system,
    people.user_id as rep_id,
    coalesce(users.Name, people.user_id) as rep_name,
    'salesforce:' || users.ManagerId as manager_key,
    users.Department as team,
    users.Title as role,
    case when users.Id is not null then coalesce(users.IsActive, true) end as is_active,
    cast(users.CreatedDate as date) as hired_date,
    timestamp '1900-01-01' as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current
from people
left join users on people.user_id = users.Id
union all
select
    'salesforce:unknown' as rep_key,
    'salesforce' as source_system,
    'unknown' as rep_id,
    'Unknown' as rep_name,
    null as manager_key,
    null as team,
    null as role,
    null as is_active,
    null as hired_date,
    timestamp '1900-01-01' as valid_from,
    null as valid_to,
    true as is_current;

create table marts.dim_stage as
select
    stage_key,
    'salesforce:default' as pipeline_key,
    'salesforce' as source_system,
    'default' as pipeline_name,
    stage_id,
    stage_name,
    stage_rank,
    stage_kind,
    cast(default_probability as double) as default_probability,
    cast(null as date) as valid_from,
    cast(null as date) as valid_to,
    is_active,
    coalesce(stage_rank >= getvariable('qualified_rank'), stage_kind = 'won') as is_qualified
from stages;

create table marts.dim_date as
with

told as (
    select cast(created_at as date) as day from opportunities
    union all
    select close_date from opportunities
    union all
    select close_date from versions
    union all
    select hired_date from marts.dim_rep
    union all
    select cast(as_of_date + interval 1 year as date) from today
),

bounds as (
    select
        date_trunc('year', min(day)) as first_day,
        date_trunc('year', max(day) filter (day < as_of_date + interval 10 year) + interval 1 year)
            as end_day
    from told
    cross join today
),

days as (
    select cast(unnest(generate_series(first_day, end_day - interval 1 day, interval 1 day)) as date)
        as date_day
    from bounds
),

parts as (
    select
        date_day,
        cast(year(date_day) as integer) as calendar_year,
        cast(quarter(date_day) as integer) as calendar_quarter,
        cast(month(date_day) as integer) as calendar_month,
        cast(isoyear(date_day) as integer) as iso_year,
        cast(week(date_day) as integer) as iso_week,
        cast(isodow(date_day) as integer) as iso_day_of_week,
        cast(date_trunc('year', date_day) as date) as year_start,
        cast(date_trunc('quarter', date_day) as date) as quarter_start,
        cast(date_trunc('month', date_day) as date) as month_start,
        cast(date_trunc('week', date_day) as date) as week_start,
        cast((
            cast(date_trunc('week', date_day) as date)
            - cast(date_trunc('week', date_trunc('year', date_day)) as date)
        ) / 7 as integer) + 1 as fiscal_week
    from days
)

select
    date_day,
    calendar_year,
    calendar_quarter,
    calendar_month,
    iso_year,
    iso_week,
    iso_day_of_week,
    calendar_year || '-Q' || calendar_quarter as calendar_quarter_id,
    calendar_year || '-' || lpad(calendar_month::varchar, 2, '0') as calendar_month_id,
    iso_year || '-W' || lpad(iso_week::varchar, 2, '0') as iso_week_id,
    year_start as calendar_year_start_date,
    quarter_start as calendar_quarter_start_date,
    month_start as calendar_month_start_date,
    week_start as calendar_week_start_date,
    calendar_year as fiscal_year,
    calendar_quarter as fiscal_quarter,
    calendar_month as fiscal_month,
    fiscal_week,
    'FY' || calendar_year as fiscal_year_id,
    'FY' || calendar_year || '-Q' || calendar_quarter as fiscal_quarter_id,
    'FY' || calendar_year || '-M' || lpad(calendar_month::varchar, 2, '0') as fiscal_month_id,
    'FY' || calendar_year || '-W' || lpad(fiscal_week::varchar, 2, '0') as fiscal_week_id,
    year_start as fiscal_year_start_date,
    quarter_start as fiscal_quarter_start_date,
    month_start as fiscal_month_start_date,
    greatest(week_start, year_start) as fiscal_week_start_date,
    iso_day_of_week <= 5 as is_business_day
from parts;
