-- One row an account of any source, accounts that are only named by an opportunity, a lead or an
-- activity included.
with

known_accounts as (
    {{ union_of(
        [
            'source_system', 'account_id', 'account_name', 'industry', 'segment', 'country',
            'employee_count', 'annual_revenue', 'account_type', 'parent_id', 'owner_id',
            'created_at', 'is_deleted', 'merged_into_id',
        ],
        [
            ref('stg_salesforce__accounts'),
            ref('stg_hubspot__accounts'),
            ref('stg_mapped__accounts'),
        ],
    ) }}
),

activities as (
    select * from {{ ref('int_activities') }}
),

named_accounts as (
    select distinct
        source_system,
        account_id
    from (
        {{ union_of(
            ['source_system', 'account_id'],
            [
                ref('stg_salesforce__opportunities'),
                ref('stg_hubspot__opportunities'),
                ref('stg_mapped__opportunities'),
                ref('stg_salesforce__leads'),
                ref('stg_hubspot__leads'),
                ref('stg_mapped__leads'),
                'activities',
            ],
        ) }}
    ) as delivered
),

only_named_accounts as (
    select named_accounts.*
    from named_accounts
    left join known_accounts
        on
            named_accounts.source_system = known_accounts.source_system
            and named_accounts.account_id = known_accounts.account_id
    where named_accounts.account_id is not null and known_accounts.account_id is null
),

final as (
    select
        source_system,
        account_id,
        account_name,
        industry,
        -- Bands by head count where the source names no segment of its own.
        coalesce(
            segment,
            case
                when employee_count < 100 then 'small'
                when employee_count < 1000 then 'mid_market'
                when employee_count >= 1000 then 'enterprise'
            end
        ) as segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        parent_id,
        owner_id,
        created_at,
        is_deleted,
        merged_into_id
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
        cast(null as varchar) as merged_into_id
    from only_named_accounts
)

select * from final
