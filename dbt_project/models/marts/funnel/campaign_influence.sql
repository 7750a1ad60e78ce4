-- One row a campaign × influence model × month in which the opportunities were created: the part of
-- them and of their amount that the model credits to the campaign. Each model divides every
-- opportunity once and to the cent; what no campaign touched stands at the source's unknown one.
with

credits as (
    select * from {{ ref('int_campaign_credits') }}
),

opportunities as (
    select
        *,
        {{ month_of(business_date('created_at')) }} as created_month
    from {{ ref('int_opportunity_facts') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Shares as decimals: a sum of doubles depends on the order in which they come.
credited as (
    select
        credits.influence_model,
        credits.campaign_key,
        cast(credits.share as decimal(38, 15)) as share,
        credits.amount,
        opportunities.source_system,
        opportunities.created_month,
        opportunities.is_won
    from credits
    inner join opportunities on credits.opportunity_key = opportunities.opportunity_key
    union all
    select
        'primary' as influence_model,
        campaign_key,
        cast(1 as decimal(38, 15)) as share,
        amount,
        source_system,
        created_month,
        is_won
    from opportunities
),

touched as (
    select distinct opportunity_key
    from credits
),

untouched as (
    select
        opportunities.source_system,
        opportunities.created_month,
        opportunities.amount,
        opportunities.is_won
    from opportunities
    left join touched on opportunities.opportunity_key = touched.opportunity_key
    where touched.opportunity_key is null
),

summed as (
    select
        campaign_key,
        influence_model,
        created_month,
        count(*) as opportunity_count,
        sum(share) as credited_count,
        sum(coalesce(amount, 0)) as amount,
        sum(case when is_won then 1 else 0 end) as won_opportunity_count,
        sum(case when is_won then share else 0 end) as won_credited_count,
        sum(case when is_won then coalesce(amount, 0) else 0 end) as won_amount
    from credited
    group by campaign_key, influence_model, created_month
    {% for model in ['first', 'last', 'even'] %}
    union all
    select
        source_system || ':unknown',
        '{{ model }}',
        created_month,
        count(*),
        count(*),
        sum(coalesce(amount, 0)),
        sum(case when is_won then 1 else 0 end),
        sum(case when is_won then 1 else 0 end),
        sum(case when is_won then coalesce(amount, 0) else 0 end)
    from untouched
    group by source_system, created_month
    {% endfor %}
),

final as (
    select
        summed.campaign_key,
        summed.influence_model,
        summed.created_month,
        cast(summed.opportunity_count as bigint) as opportunity_count,
        cast(summed.credited_count as double) as credited_count,
        cast(summed.amount as decimal(18, 2)) as amount,
        cast(summed.won_opportunity_count as bigint) as won_opportunity_count,
        cast(summed.won_credited_count as double) as won_credited_count,
        cast(summed.won_amount as decimal(18, 2)) as won_amount,
        as_of.as_of_date
    from summed
    cross join as_of
)

select * from final
