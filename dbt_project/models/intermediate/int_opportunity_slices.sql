-- One row an opportunity: the value of every dimension that sliced marts cut by, never NULL.
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
    where not is_deleted
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

final as (
    select
        opportunities.opportunity_key,
        opportunities.owner_key as owner,
        opportunities.lead_source,
        coalesce(accounts.segment, 'unknown') as segment,
        opportunities.opportunity_type,
        coalesce(accounts.industry, 'unknown') as account_industry
    from opportunities
    left join accounts
        on
            opportunities.account_key
            = {{ key_of('accounts.source_system', 'accounts.account_id') }}
)

select * from final
