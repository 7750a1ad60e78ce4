-- What the rates of the next files are made of: facts to slice, horizons, sums in six slices.

create temp macro wilson(hits, n, sign) as
case
    when n > 0
        then least(1.0, greatest(0.0, (
            hits / n::double + 1.9207294103470627 / n::double
            + sign * 1.959963984540054 * sqrt(
                hits / n::double * (1 - hits / n::double) / n::double
                + 0.9603647051735313 / (n::double * n::double)
            )
        ) / (1 + 3.8414588206941254 / n::double)))
end;
create temp macro share(part, whole) as part::double / nullif(whole, 0);
create temp macro month_of(day) as cast(date_trunc('month', day) as date);

-- What is grouped: everything there is to slice by, as numbers.
create temp table facts as
select
    opportunities.opportunity,
    opportunities.owner,
    opportunities.lead_source,
    opportunities.segment,
    opportunities.opportunity_type,
    opportunities.account_industry,
    opportunities.amount,
    milestones.initial_amount,
    opportunities.created_at,
    milestones.closed_at,
    opportunities.outcome,
    milestones.furthest_rank >= getvariable('qualified_rank') as is_qualified,
    case
        when
            opportunities.outcome = 'won'
            and milestones.first_kind = 'open'
            and milestones.closed_at >= opportunities.created_at
            then (epoch_us(milestones.closed_at) - epoch_us(opportunities.created_at)) / 86400000000.0
    end as sales_cycle_days
from opportunities
inner join milestones on opportunities.opportunity = milestones.opportunity
where not opportunities.is_deleted;

-- Within how many days nine of ten had ended, and since when entries are that old.
create temp table horizons as
select
    reached.stage,
    round(
        quantile_cont(
            (epoch_us(facts.closed_at) - epoch_us(reached.reached_at)) / 86400000000.0, 0.9
        ),
        9
    ) as horizon_days,
    any_value(today.as_of_at) as as_of_at,
    month_of(make_timestamp(
        epoch_us(any_value(today.as_of_at)) - cast(floor(horizon_days * 86400000000.0) as bigint)
    )) as threshold_month
from reached
inner join facts on reached.opportunity = facts.opportunity
cross join today
where
    facts.outcome <> 'open'
    and facts.closed_at >= reached.reached_at
    and facts.closed_at >= today.as_of_at - interval 1 year
group by reached.stage;

create temp table closings as
select
    month_of(closed_at) as metric_month,
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
        lead_source::varchar, segment::varchar, opportunity_type::varchar, account_industry::varchar
    ) as value,
    count(*) as closed_count,
    count(*) filter (where outcome = 'won') as won_count,
    count(*) filter (where is_qualified) as qualified_count,
    count(*) filter (where is_qualified and outcome = 'won') as qualified_won_count,
    count(*) filter (where amount > 0) as priced_count,
    coalesce(sum(amount) filter (where amount > 0), 0) as priced_amount,
    coalesce(sum(amount) filter (where amount > 0 and outcome = 'won'), 0) as priced_won_amount
from facts
where outcome <> 'open'
group by
    grouping sets (
        (metric_month),
        (metric_month, owner),
        (metric_month, lead_source),
        (metric_month, segment),
        (metric_month, opportunity_type),
        (metric_month, account_industry)
    );

-- By the fewest whole months from the day of creation that reach the day of the close.
create temp table cohort_closings as
with

members as (
    select
        *,
        month_of(created_at) as cohort_month,
        case
            when outcome <> 'open'
                then cast(greatest(
                    datediff('month', created_at, closed_at)
                    + case when day(closed_at) > day(created_at) then 1 else 0 end,
                    0
                ) as integer)
        end as closing_age
    from facts
    where created_at is not null
)

select
    cohort_month,
    outcome,
    closing_age,
    case
        when grouping(owner) = 0 then 'owner'
        when grouping(lead_source) = 0 then 'lead_source'
        when grouping(segment) = 0 then 'segment'
        when grouping(opportunity_type) = 0 then 'opportunity_type'
        when grouping(account_industry) = 0 then 'account_industry'
        else 'all'
    end as dimension,
    coalesce(
        (select rep_key from people where person = owner),
        lead_source::varchar, segment::varchar, opportunity_type::varchar,
        account_industry::varchar, 'all'
    ) as dimension_value,
    count(*) as member_count,
    coalesce(sum(initial_amount), 0) as initial_amount,
    count(*) - count(initial_amount) as missing_amount_count,
    coalesce(sum(amount) filter (where outcome = 'won'), 0) as won_amount
from members
group by
    grouping sets (
        (cohort_month, outcome, closing_age),
        (cohort_month, outcome, closing_age, owner),
        (cohort_month, outcome, closing_age, lead_source),
        (cohort_month, outcome, closing_age, segment),
        (cohort_month, outcome, closing_age, opportunity_type),
        (cohort_month, outcome, closing_age, account_industry)
    );
