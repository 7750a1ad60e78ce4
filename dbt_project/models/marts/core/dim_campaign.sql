-- One row a campaign, deleted ones, campaigns that only another record names and each source's
-- unknown included.
with

campaigns as (
    select * from {{ ref('int_campaigns') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

touches as (
    select * from {{ ref('int_campaign_touches') }}
),

members as (
    select
        {{ key_of('source_system', 'campaign_id') }} as campaign_key,
        source_system,
        campaign_id,
        coalesce(campaign_name, campaign_id) as campaign_name,
        campaign_type,
        status,
        start_date,
        end_date,
        case when parent_id is not null then {{ key_of('source_system', 'parent_id') }} end
            as parent_campaign_key,
        currency_code,
        budgeted_cost_local,
        budgeted_cost,
        budgeted_cost_dated,
        actual_cost_local,
        actual_cost,
        actual_cost_dated,
        is_deleted
    from campaigns
),

named as (
    select
        source_system,
        campaign_key
    from opportunities
    union
    select
        source_system,
        campaign_key
    from leads
    union
    select
        source_system,
        campaign_key
    from touches
    union
    select
        source_system,
        parent_campaign_key
    from members
    where parent_campaign_key is not null
    -- What no campaign touched is credited to the unknown one.
    union
    select
        source_system,
        source_system || ':unknown'
    from opportunities
),

only_named as (
    select
        named.campaign_key,
        named.source_system,
        substr(named.campaign_key, length(named.source_system) + 2) as campaign_id,
        substr(named.campaign_key, length(named.source_system) + 2) as campaign_name,
        cast(null as varchar) as campaign_type,
        cast(null as varchar) as status,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as varchar) as parent_campaign_key,
        cast(null as varchar) as currency_code,
        cast(null as decimal(18, 2)) as budgeted_cost_local,
        cast(null as decimal(18, 2)) as budgeted_cost,
        cast(null as decimal(18, 2)) as budgeted_cost_dated,
        cast(null as decimal(18, 2)) as actual_cost_local,
        cast(null as decimal(18, 2)) as actual_cost,
        cast(null as decimal(18, 2)) as actual_cost_dated,
        cast(null as boolean) as is_deleted
    from named
    left join members on named.campaign_key = members.campaign_key
    where members.campaign_key is null
),

final as (
    select * from members
    union all
    select * from only_named
)

select * from final
