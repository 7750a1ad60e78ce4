-- Stage by stage, and what each opportunity came to.

create temp table steps as
with

entries as (
    select
        records.opportunity,
        records.record_number,
        records.history_id,
        records.changed_at as occurred_at,
        records.stage,
        records.previous_stage,
        records.amount,
        stages.stage_rank,
        stages.stage_kind = 'open' as is_open,
        stages.stage_kind = 'open' and previous.stage_kind <> 'open' as is_reopening,
        case
            when records.stage = getvariable('won') and opportunities.outcome = 'won'
                then getvariable('stage_count')
            when stages.stage_kind = 'open' then stages.stage_rank
            when records.record_number = 1 then 1
            else 0
        end as passed_rank
    from records
    inner join stages on records.stage = stages.stage
    inner join opportunities on records.opportunity = opportunities.opportunity
    left join stages as previous on records.previous_stage = previous.stage
    where records.previous_stage is distinct from records.stage
)

select
    *,
    cast(row_number() over by_time as integer) as step_number,
    cast(count(*) filter (where is_open) over by_time as integer) as visit_number,
    cast(1 + count(*) filter (where is_reopening) over by_time as integer) as attempt_number,
    lead(occurred_at) over by_time as next_occurred_at,
    lead(stage) over by_time as next_stage,
    coalesce(
        max(passed_rank) over (
            partition by opportunity
            order by record_number
            rows between unbounded preceding and 1 preceding
        ),
        0
    ) as passed_before
from entries
window by_time as (partition by opportunity order by record_number);

create temp table milestones as
with

of_steps as (
    select
        opportunity,
        max(occurred_at) as last_at,
        min(occurred_at) as first_at,
        max(stage) filter (where step_number = 1) as first_stage,
        max(amount) filter (where step_number = 1) as first_amount,
        max(stage_rank) filter (where is_open) as highest_rank,
        bit_or(1 << stage_rank) filter (where is_open) as visited,
        count(*) filter (where is_open) as visit_count,
        count(*) filter (where is_reopening) as reopen_count,
        count(*) filter (where is_open and stage < previous_stage and not is_reopening)
            as regression_count,
        min(occurred_at) filter (
            where passed_before < getvariable('qualified_rank')
            and passed_rank >= getvariable('qualified_rank')
        ) as qualified_at
    from steps
    group by opportunity
),

of_records as (
    select
        records.opportunity,
        count(records.close_date) as close_date_count,
        count(records.amount) as amount_count,
        count(*) filter (
            where records.close_date > records.previous_close_date and stages.stage_kind = 'open'
        ) as push_count
    from records
    inner join stages on records.stage = stages.stage
    group by records.opportunity
)

select
    of_steps.*,
    -- Only where no record carries the amount is that of today the one of then.
    case when of_records.amount_count = 0 then opportunities.amount end as unchanged_amount,
    coalesce(of_steps.first_amount, unchanged_amount) as initial_amount,
    opportunities.outcome,
    case when opportunities.outcome <> 'open' then of_steps.last_at end as closed_at,
    case
        when opportunities.outcome = 'won' then getvariable('stage_count')
        else greatest(coalesce(of_steps.highest_rank, 1), 1)
    end as furthest_rank,
    first_stages.stage_rank as first_rank,
    first_stages.stage_kind as first_kind,
    case when of_records.close_date_count > 0 then of_records.push_count end as push_count
from of_steps
inner join of_records on of_steps.opportunity = of_records.opportunity
inner join opportunities on of_steps.opportunity = opportunities.opportunity
inner join stages as first_stages on of_steps.first_stage = first_stages.stage;

create temp table reached as
with

-- What stood at an instant where the record of a step does not say it: of records of one instant the
-- last one holds.
standing as (
    select
        steps.opportunity,
        steps.record_number,
        max_by(records.amount, records.record_number) as amount
    from steps
    inner join records
        on steps.opportunity = records.opportunity and steps.occurred_at = records.changed_at
    where steps.amount is null
    group by steps.opportunity, steps.record_number
)

select
    steps.opportunity,
    steps.occurred_at as reached_at,
    ranks.stage,
    cast(ranks.stage as integer) as stage_rank,
    coalesce(steps.amount, standing.amount, milestones.unchanged_amount) as reached_amount,
    (coalesce(milestones.visited, 0) >> ranks.stage) & 1 = 0 as is_imputed,
    opportunities.outcome,
    case
        when ranks.stage < getvariable('stage_count') then milestones.furthest_rank > ranks.stage
        else opportunities.outcome = 'won'
    end as has_reached_next
from steps
inner join stages as ranks
    on ranks.stage > steps.passed_before and ranks.stage <= steps.passed_rank
inner join milestones on steps.opportunity = milestones.opportunity
inner join opportunities on steps.opportunity = opportunities.opportunity
left join standing
    on
        steps.opportunity = standing.opportunity
        and steps.record_number = standing.record_number;

create temp table skipped as
select
    reached.opportunity,
    count(*) as skipped_stage_count
from reached
inner join milestones on reached.opportunity = milestones.opportunity
where
    reached.is_imputed
    and reached.stage_rank > coalesce(milestones.first_rank, getvariable('stage_count'))
group by reached.opportunity;

create table marts.fct_stage_visit as
select
    'salesforce:' || opportunities.opportunity_id as opportunity_key,
    steps.visit_number,
    'salesforce:default' as pipeline_key,
    stages.stage_key,
    steps.stage_rank,
    owners.rep_key as owner_key,
    steps.attempt_number,
    steps.occurred_at as entered_at,
    steps.next_occurred_at as exited_at,
    case
        when steps.next_stage is null then 'open'
        when next_stages.stage_kind <> 'open' then next_stages.stage_kind
        when next_stages.stage_rank < steps.stage_rank then 'regressed'
        else 'advanced'
    end as exit_kind,
    (
        epoch_us(coalesce(steps.next_occurred_at, today.as_of_at)) - epoch_us(steps.occurred_at)
    ) / 86400000000.0 as days_in_stage,
    steps.next_stage is null as is_censored
from steps
inner join opportunities on steps.opportunity = opportunities.opportunity
inner join stages on steps.stage = stages.stage
left join people as owners on opportunities.owner = owners.person
left join stages as next_stages on steps.next_stage = next_stages.stage
cross join today
where steps.is_open and not opportunities.is_deleted;

create table marts.fct_stage_reached as
select
    'salesforce:' || opportunities.opportunity_id as opportunity_key,
    'salesforce:default' as pipeline_key,
    stages.stage_key,
    reached.stage_rank,
    reached.reached_at,
    reached.reached_amount,
    owners.rep_key as owner_key,
    reached.is_imputed
from reached
inner join opportunities on reached.opportunity = opportunities.opportunity
inner join stages on reached.stage = stages.stage
left join people as owners on opportunities.owner = owners.person
where not opportunities.is_deleted;

create table marts.fct_opportunity as
select
    'salesforce:' || opportunities.opportunity_id as opportunity_key,
    'salesforce' as source_system,
    opportunities.opportunity_id,
    opportunities.opportunity_name,
    'salesforce:' || opportunities.account_id as account_key,
    owners.rep_key as owner_key,
    owners.rep_key as owner_at_creation_key,
    case when milestones.closed_at is not null then owners.rep_key end as owner_at_close_key,
    creators.rep_key as created_by_owner_key,
    'salesforce:default' as pipeline_key,
    cast(opportunities.opportunity_type as varchar) as opportunity_type,
    cast(opportunities.lead_source as varchar) as lead_source,
    'salesforce:' || opportunities.campaign_id as campaign_key,
    'salesforce:unknown' as product_key,
    opportunities.currency_code,
    opportunities.amount as amount_local,
    opportunities.amount,
    opportunities.amount as amount_dated,
    milestones.initial_amount,
    cast(opportunities.forecast_category as varchar) as forecast_category,
    opportunities.probability,
    cast(null as varchar) as loss_reason,
    cast(opportunities.segment as varchar) as segment,
    cast(opportunities.account_industry as varchar) as account_industry,
    opportunities.created_at,
    milestones.qualified_at,
    milestones.closed_at,
    opportunities.close_date,
    opportunities.outcome,
    opportunities.outcome <> 'open' as is_closed,
    opportunities.outcome = 'won' as is_won,
    milestones.furthest_rank >= getvariable('qualified_rank') as is_qualified,
    stages.stage_key as current_stage_key,
    milestones.furthest_rank as furthest_stage_rank,
    milestones.visit_count,
    milestones.regression_count,
    coalesce(skipped.skipped_stage_count, 0) as skipped_stage_count,
    milestones.reopen_count,
    milestones.reopen_count + 1 as attempt_count,
    milestones.push_count,
    case when opportunities.outcome = 'won' then cycles.days end as sales_cycle_days,
    case when opportunities.outcome = 'lost' then cycles.days end as loss_cycle_days,
    cast(cast(milestones.closed_at as date) - opportunities.close_date as double)
        as closedate_gap_days,
    coalesce(milestones.first_rank > 1, false) as is_late_created,
    milestones.first_kind = 'won' as is_created_won,
    false as is_history_synthesised,
    observed.observed_from_at,
    coalesce(observed.observed_from_at > opportunities.created_at, true) as is_left_truncated,
    opportunities.outcome = 'open' and coalesce(opportunities.close_date < today.as_of_date, false)
        as is_past_due
from opportunities
inner join milestones on opportunities.opportunity = milestones.opportunity
left join skipped on opportunities.opportunity = skipped.opportunity
left join people as owners on opportunities.owner = owners.person
left join people as creators on opportunities.creator = creators.person
inner join stages on opportunities.stage = stages.stage
cross join today
cross join lateral (
    select
        case
            when
                date_trunc('second', milestones.first_at)
                <= date_trunc('second', opportunities.created_at)
                then opportunities.created_at
            else milestones.first_at
        end as observed_from_at
) as observed
cross join lateral (
    select
        case
            when milestones.first_kind = 'open' and milestones.closed_at >= opportunities.created_at
                then (
                    epoch_us(milestones.closed_at) - epoch_us(opportunities.created_at)
                ) / 86400000000.0
        end as days
) as cycles
where not opportunities.is_deleted;

create table marts.fct_opportunity_credit as
select
    opportunity_key,
    'created' as credit_kind,
    owner_at_creation_key as rep_key,
    1.0 as share,
    amount
from marts.fct_opportunity
union all
select
    opportunity_key,
    'closed' as credit_kind,
    owner_at_close_key as rep_key,
    1.0 as share,
    amount
from marts.fct_opportunity
where is_closed;
