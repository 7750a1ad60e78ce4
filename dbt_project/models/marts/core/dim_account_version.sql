-- One row an account × stretch of time in which all that is said of it stayed the same. The first has
-- held for ever, so that every past day finds one; a deleted account goes on as deleted.
{{ config(
    materialized='incremental',
    unique_key='account_key',
    meta={'recomputed': 'int_changed_accounts'},
) }}
with

versions as (
    select * from {{ ref('int_account_versions') }}
    {{ only_changed_records('int_changed_accounts', id='account_id') }}
),

only_named_accounts as (
    select * from {{ ref('int_accounts') }}
    where is_only_named
    {{ only_changed_records('int_changed_accounts', 'and', id='account_id') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

-- An absence says nothing but that the account is gone: what it was, the version before says.
shown as (
    select
        versions.source_system,
        versions.account_id,
        versions.version_number as place,
        coalesce(said.account_name, said.account_id) as account_name,
        coalesce(said.industry, 'unknown') as industry,
        coalesce(said.segment, 'unknown') as segment,
        said.country,
        said.employee_count,
        said.annual_revenue,
        said.account_type,
        case
            when said.owner_id is not null then {{ key_of('said.source_system', 'said.owner_id') }}
        end as owner_key,
        case
            when said.parent_id is not null
                then {{ key_of('said.source_system', 'said.parent_id') }}
        end as parent_account_key,
        case
            when said.merged_into_id is not null
                then {{ key_of('said.source_system', 'said.merged_into_id') }}
        end as merged_into_key,
        versions.is_absent or said.is_deleted as is_deleted,
        case
            when versions.version_number = 1 then cast('1900-01-01' as timestamp)
            else versions.known_at
        end as valid_from
    from versions
    inner join versions as said
        on
            versions.account_key = said.account_key
            and case
                when versions.is_absent then versions.version_number - 1
                else versions.version_number
            end = said.version_number
),

members as (
    select * from shown
    union all
    select
        source_system,
        account_id,
        1 as place,
        account_name,
        'unknown' as industry,
        'unknown' as segment,
        country,
        employee_count,
        cast(annual_revenue as decimal(18, 2)) as annual_revenue,
        account_type,
        cast(null as varchar) as owner_key,
        cast(null as varchar) as parent_account_key,
        cast(null as varchar) as merged_into_key,
        is_deleted,
        cast('1900-01-01' as timestamp) as valid_from
    from only_named_accounts
),

unknown_members as (
    select distinct
        opportunities.source_system,
        'unknown' as account_id,
        1 as place,
        'Unknown' as account_name,
        'unknown' as industry,
        'unknown' as segment,
        cast(null as varchar) as country,
        cast(null as bigint) as employee_count,
        cast(null as decimal(18, 2)) as annual_revenue,
        cast(null as varchar) as account_type,
        cast(null as varchar) as owner_key,
        cast(null as varchar) as parent_account_key,
        cast(null as varchar) as merged_into_key,
        false as is_deleted,
        cast('1900-01-01' as timestamp) as valid_from
    from opportunities
    left join members
        on
            opportunities.source_system = members.source_system
            and members.account_id = 'unknown'
    where members.account_id is null
),

states as (
    select
        *,
        lead(valid_from) over (
            partition by source_system, account_id order by place
        ) as next_valid_from
    from (
        select * from members
        union all
        select * from unknown_members
    ) as all_members
),

changed as (
    {{ states_that_differ(
        'states',
        'source_system, account_id',
        'place',
        [
            'account_name', 'industry', 'segment', 'country', 'employee_count', 'annual_revenue',
            'account_type', 'owner_key', 'parent_account_key', 'merged_into_key', 'is_deleted',
        ],
    ) }}
),

final as (
    select
        {{ key_of('source_system', 'account_id') }} as account_key,
        cast(row_number() over by_time as integer) as version_number,
        source_system,
        account_id,
        account_name,
        industry,
        segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        owner_key,
        parent_account_key,
        merged_into_key,
        is_deleted,
        valid_from,
        lead(valid_from) over by_time as valid_to,
        lead(valid_from) over by_time is null as is_current
    from changed
    window by_time as (partition by source_system, account_id order by valid_from)
)

select * from final
