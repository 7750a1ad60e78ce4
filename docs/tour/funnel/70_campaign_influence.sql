-- How much of what we won do campaigns account for, and how much does that depend on the model?
--
-- Won amount of the deals created in a year, credited to the first touch, the last one, all touches
-- evenly, or the campaign that the deal itself names. Every model divides the same amount, so every
-- column has the same sum; `unknown` is what no campaign touched. Never add models.
--
-- Credit is a convention and no effect: a touched deal might have been won without. Where the
-- models disagree about a campaign, there is no right one among them; to know what campaigns add,
-- leave some accounts without.
select
    coalesce(campaign_type, 'unknown') as campaign_type,
    sum(won_amount) filter (influence_model = 'first')::bigint as by_first_touch,
    sum(won_amount) filter (influence_model = 'last')::bigint as by_last_touch,
    sum(won_amount) filter (influence_model = 'even')::bigint as evenly,
    sum(won_amount) filter (influence_model = 'primary')::bigint as by_primary_campaign
from marts.campaign_influence
join marts.dim_campaign using (campaign_key)
where created_month >= date '2024-10-01'
group by all
order by evenly desc nulls last
