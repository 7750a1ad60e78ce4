-- Conversion by stage and month of reaching it, in six slices.

create table marts.funnel_stage_conversion as
with

entries as (
    select
        reached.stage,
        month_of(reached.reached_at) as cohort_month,
        facts.owner,
        facts.lead_source,
        facts.segment,
        facts.opportunity_type,
        facts.account_industry,
        reached.is_imputed,
        reached.has_reached_next,
        reached.outcome,
        reached.reached_amount,
        (epoch_us(horizons.as_of_at) - epoch_us(reached.reached_at)) / 86400000000.0
        >= horizons.horizon_days as is_mature
    from reached
    inner join facts on reached.opportunity = facts.opportunity
    left join horizons on reached.stage = horizons.stage
),

sums as (
    select
        stage,
        cohort_month,
        case
            when grouping(owner) = 0 then 'owner'
            when grouping(lead_source) = 0 then 'lead_source'
            when grouping(segment) = 0 then 'segment'
            when grouping(opportunity_type) = 0 then 'opportunity_type'
            when grouping(account_industry) = 0 then 'account_industry'
            else 'all'
        end as dimension,
        owner,
        coalesce(
            lead_source::varchar, segment::varchar, opportunity_type::varchar,
            account_industry::varchar
        ) as value,
        count(*) as reached_count,
        count(*) filter (where not is_imputed) as visited_count,
        count(*) filter (where has_reached_next) as reached_next_count,
        count(*) filter (where outcome = 'won') as won_count,
        count(*) filter (where not has_reached_next and outcome = 'lost') as lost_here_count,
        count(*) filter (where not has_reached_next and outcome = 'open') as open_here_count,
        count(*) filter (where is_mature) as mature_count,
        coalesce(sum(reached_amount), 0) as reached_amount,
        coalesce(sum(reached_amount) filter (where outcome = 'won'), 0) as won_amount
    from entries
    group by
        grouping sets (
            (stage, cohort_month),
            (stage, cohort_month, owner),
            (stage, cohort_month, lead_source),
            (stage, cohort_month, segment),
            (stage, cohort_month, opportunity_type),
            (stage, cohort_month, account_industry)
        )
)

select
    'salesforce:default' as pipeline_key,
    stages.stage_key,
    stages.stage_name,
    stages.stage_rank,
    sums.cohort_month,
    sums.dimension,
    coalesce(owners.rep_key, sums.value, 'all') as dimension_value,
    sums.reached_count,
    sums.visited_count,
    sums.reached_next_count,
    sums.won_count,
    sums.lost_here_count,
    sums.open_here_count,
    cast(0 as bigint) as handed_off_count,
    cast(sums.reached_amount as decimal(18, 2)) as reached_amount,
    cast(sums.won_amount as decimal(18, 2)) as won_amount,
    share(sums.reached_next_count, sums.reached_count) as next_rate,
    wilson(sums.reached_next_count, sums.reached_count, -1) as next_rate_low,
    wilson(sums.reached_next_count, sums.reached_count, 1) as next_rate_high,
    share(sums.won_count, sums.reached_count) as win_rate,
    wilson(sums.won_count, sums.reached_count, -1) as win_rate_low,
    wilson(sums.won_count, sums.reached_count, 1) as win_rate_high,
    share(sums.lost_here_count, sums.reached_count) as leakage_rate,
    sums.mature_count,
    horizons.horizon_days,
    coalesce(
        (
            epoch_us(horizons.as_of_at) - epoch_us(sums.cohort_month + interval 1 month)
        ) / 86400000000.0 >= horizons.horizon_days,
        false
    ) as is_mature,
    today.as_of_date
from sums
inner join stages on sums.stage = stages.stage
left join horizons on sums.stage = horizons.stage
left join people as owners on sums.owner = owners.person
cross join today;
