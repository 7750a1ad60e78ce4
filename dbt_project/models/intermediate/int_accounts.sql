-- One row an account of any source, accounts that are only named by an opportunity, a lead or an
-- activity included.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'account_id'],
    meta={'recomputed': 'int_changed_accounts'},
) }}
with

staged as (
    {{ staged_accounts() }}
),

known_accounts as (
    select * from staged
    {{ only_changed_records('int_changed_accounts', id='account_id') }}
),

all_names as (
    {{ named_accounts() }}
),

names as (
    select * from all_names
    {{ only_changed_records('int_changed_accounts', id='account_id') }}
),

only_named_accounts as (
    {{ accounts_only_named('names', 'known_accounts') }}
),

final as (
    select
        source_system,
        account_id,
        account_name,
        industry,
        {{ segment_of('segment', 'employee_count') }} as segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        parent_id,
        owner_id,
        created_at,
        is_deleted,
        merged_into_id,
        false as is_only_named
    from known_accounts
    union all
    select
        source_system,
        account_id,
        account_id as account_name,
        cast(null as varchar) as industry,
        cast(null as varchar) as segment,
        cast(null as varchar) as country,
        cast(null as bigint) as employee_count,
        cast(null as decimal(24, 6)) as annual_revenue,
        cast(null as varchar) as account_type,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as owner_id,
        cast(null as timestamp) as created_at,
        false as is_deleted,
        cast(null as varchar) as merged_into_id,
        true as is_only_named
    from only_named_accounts
)

select * from final
