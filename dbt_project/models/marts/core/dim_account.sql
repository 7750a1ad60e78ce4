-- One row an account, deleted and merged ones included: old facts still point at them.
{{ config(
    materialized='incremental',
    unique_key='account_key',
    meta={'recomputed': 'int_changed_accounts'},
) }}
with

accounts as (
    select * from {{ ref('int_accounts') }}
    {{ only_changed_records('int_changed_accounts', id='account_id') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

members as (
    select
        {{ key_of('source_system', 'account_id') }} as account_key,
        source_system,
        account_id,
        coalesce(account_name, account_id) as account_name,
        coalesce(industry, 'unknown') as industry,
        coalesce(segment, 'unknown') as segment,
        country,
        employee_count,
        {{ to_cents('annual_revenue') }} as annual_revenue,
        account_type,
        case
            when parent_id is not null then {{ key_of('source_system', 'parent_id') }}
        end as parent_account_key,
        case
            when merged_into_id is not null then {{ key_of('source_system', 'merged_into_id') }}
        end as merged_into_key,
        is_deleted
    from accounts
),

unknown_members as (
    select
        sources.source_system || ':unknown' as account_key,
        sources.source_system,
        'unknown' as account_id,
        'Unknown' as account_name,
        'unknown' as industry,
        'unknown' as segment,
        cast(null as varchar) as country,
        cast(null as bigint) as employee_count,
        cast(null as decimal(18, 2)) as annual_revenue,
        cast(null as varchar) as account_type,
        cast(null as varchar) as parent_account_key,
        cast(null as varchar) as merged_into_key,
        false as is_deleted
    from (
        select source_system from opportunities
        union
        select source_system from leads
    ) as sources
    left join members
        on
            sources.source_system = members.source_system
            and members.account_id = 'unknown'
    where members.account_id is null
),

final as (
    select * from members
    union all
    select * from unknown_members
)

select * from final
