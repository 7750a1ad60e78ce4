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
        opportunities.source_system,
        opportunities.created_month,
        count(*) as opportunity_count,
        sum(cast(credits.share as decimal(38, 15))) as credited_count,
        sum(coalesce(credits.amount, 0)) as amount,
        sum(case when opportunities.is_won then 1 else 0 end) as won_opportunity_count,
        sum(case when opportunities.is_won then cast(credits.share as decimal(38, 15)) else 0 end)
            as won_credited_count,
        sum(case when opportunities.is_won then coalesce(credits.amount, 0) else 0 end)
            as won_amount
    from credits
    inner join opportunities on credits.opportunity_key = opportunities.opportunity_key
    group by
        credits.influence_model,
        credits.campaign_key,
        opportunities.source_system,
        opportunities.created_month
),

named as (
    select
        campaign_key,
        source_system,
        created_month,
        count(*) as opportunity_count,
        sum(coalesce(amount, 0)) as amount,
        sum(case when is_won then 1 else 0 end) as won_opportunity_count,
        sum(case when is_won then coalesce(amount, 0) else 0 end) as won_amount
    from opportunities
    group by campaign_key, source_system, created_month
),

-- All opportunities but those that the first model credits to a campaign, each once.
untouched as (
    select
        source_system,
        created_month,
        sum(opportunity_count) as opportunity_count,
        sum(amount) as amount,
        sum(won_opportunity_count) as won_opportunity_count,
        sum(won_amount) as won_amount
    from (
        select
            source_system,
            created_month,
            opportunity_count,
            amount,
            won_opportunity_count,
            won_amount
        from named
        union all
        select
            source_system,
            created_month,
            -opportunity_count,
            -amount,
            -won_opportunity_count,
            -won_amount
        from credited
        where influence_model = 'first'
    ) as all_but_touched
    group by source_system, created_month
    having sum(opportunity_count) > 0
),

divided as (
    select
        campaign_key,
        influence_model,
        created_month,
        opportunity_count,
        credited_count,
        amount,
        won_opportunity_count,
        won_credited_count,
        won_amount
    from credited
    union all
    select
        campaign_key,
        'primary' as influence_model,
        created_month,
        opportunity_count,
        cast(opportunity_count as decimal(38, 15)) as credited_count,
        amount,
        won_opportunity_count,
        cast(won_opportunity_count as decimal(38, 15)) as won_credited_count,
        won_amount
    from named
    {% for model in ['first', 'last', 'even'] %}
    union all
    select
        source_system || ':unknown',
        '{{ model }}',
        created_month,
        opportunity_count,
        cast(opportunity_count as decimal(38, 15)) as credited_count,
        amount,
        won_opportunity_count,
        cast(won_opportunity_count as decimal(38, 15)) as won_credited_count,
        won_amount
    from untouched
    {% endfor %}
),

final as (
    select
        divided.campaign_key,
        divided.influence_model,
        divided.created_month,
        cast(divided.opportunity_count as bigint) as opportunity_count,
        cast(divided.credited_count as double) as credited_count,
        cast(divided.amount as decimal(18, 2)) as amount,
        cast(divided.won_opportunity_count as bigint) as won_opportunity_count,
        cast(divided.won_credited_count as double) as won_credited_count,
        cast(divided.won_amount as decimal(18, 2)) as won_amount,
        as_of.as_of_date
    from divided
    cross join as_of
)

select * from final
