-- All that changed, and what stood between changes.

-- What is known of a deletion is when the opportunity was gone.
create temp table gone as
select
    opportunity,
    modified_at as gone_at
from opportunities
where is_deleted;

create temp table versions as
with

-- Of several changes of one instant the last state holds.
states as (
    select
        opportunity,
        changed_at,
        stage,
        amount,
        close_date,
        category,
        lag(stage) over by_time is distinct from stage
        or lag(amount) over by_time is distinct from amount
        or lag(close_date) over by_time is distinct from close_date
        or lag(category) over by_time is distinct from category as is_change
    from records
    where next_changed_at is null or next_changed_at > changed_at
    window by_time as (partition by opportunity order by changed_at)
)

select
    states.opportunity,
    cast(row_number() over by_time as integer) as version_number,
    states.changed_at as valid_from,
    coalesce(lead(states.changed_at) over by_time, gone.gone_at) as valid_to,
    states.stage,
    states.amount,
    states.close_date,
    states.category
from states
left join gone on states.opportunity = gone.opportunity
where states.is_change
window by_time as (partition by states.opportunity order by states.changed_at);

create table marts.fct_opportunity_version as
select
    'salesforce:' || opportunities.opportunity_id as opportunity_key,
    versions.version_number,
    versions.valid_from,
    versions.valid_to,
    'salesforce:default' as pipeline_key,
    stages.stage_key,
    owners.rep_key as owner_key,
    versions.amount as amount_local,
    opportunities.currency_code,
    versions.amount,
    versions.close_date,
    cast(versions.category as varchar) as forecast_category,
    stages.stage_kind = 'open' as is_open
from versions
inner join opportunities on versions.opportunity = opportunities.opportunity
inner join stages on versions.stage = stages.stage
left join people as owners on opportunities.owner = owners.person;

create table marts.fct_opportunity_event as
with

changes as (
    select
        opportunity,
        created_at as occurred_at,
        1 as field,
        0 as place,
        cast(null as integer) as old_value,
        cast(null as integer) as new_value,
        cast(null as decimal(18, 2)) as old_amount,
        cast(null as decimal(18, 2)) as new_amount,
        creator as actor,
        cast(null as varchar) as source_record,
        0 as origin
    from opportunities
    where created_at is not null
    union all
    select
        opportunity,
        changed_at as occurred_at,
        2 as field,
        record_number as place,
        previous_stage as old_value,
        stage as new_value,
        null as old_amount,
        null as new_amount,
        actor,
        history_id as source_record,
        0 as origin
    from records
    where previous_stage is distinct from stage
    union all
    select
        opportunity,
        changed_at as occurred_at,
        3 as field,
        record_number as place,
        null as old_value,
        null as new_value,
        previous_amount as old_amount,
        amount as new_amount,
        actor,
        history_id as source_record,
        0 as origin
    from records
    where record_number > 1 and previous_amount is distinct from amount
    union all
    select
        opportunity,
        changed_at as occurred_at,
        4 as field,
        record_number as place,
        previous_close_date - date '1970-01-01' as old_value,
        close_date - date '1970-01-01' as new_value,
        null as old_amount,
        null as new_amount,
        actor,
        history_id as source_record,
        0 as origin
    from records
    where record_number > 1 and previous_close_date is distinct from close_date
    union all
    select
        opportunity,
        changed_at as occurred_at,
        5 as field,
        record_number as place,
        enum_code(previous_category) as old_value,
        enum_code(category) as new_value,
        null as old_amount,
        null as new_amount,
        actor,
        history_id as source_record,
        0 as origin
    from records
    where record_number > 1 and previous_category is distinct from category
    union all
    select
        opportunity,
        occurred_at,
        6 as field,
        step_number as place,
        null as old_value,
        null as new_value,
        null as old_amount,
        null as new_amount,
        null as actor,
        history_id as source_record,
        0 as origin
    from steps
    where is_reopening
    union all
    select
        opportunity,
        gone_at as occurred_at,
        7 as field,
        1 as place,
        null as old_value,
        null as new_value,
        null as old_amount,
        null as new_amount,
        null as actor,
        null as source_record,
        1 as origin
    from gone
),

numbered as (
    select
        *,
        row_number() over (
            partition by opportunity order by occurred_at nulls first, field, place
        ) as event_number
    from changes
)

select
    'salesforce:' || opportunities.opportunity_id as opportunity_key,
    cast(numbered.event_number as integer) as event_number,
    numbered.occurred_at,
    ['created', 'stage', 'amount', 'close_date', 'forecast_category', 'reopened', 'deleted'][
        numbered.field
    ] as field,
    case numbered.field
        when 2 then old_stages.stage_key
        when 3 then cast(numbered.old_amount as varchar)
        when 4 then cast(date '1970-01-01' + numbered.old_value::integer as varchar)
        when 5 then enum_range(null::categories)[numbered.old_value + 1]
    end as old_value,
    case numbered.field
        when 2 then new_stages.stage_key
        when 3 then cast(numbered.new_amount as varchar)
        when 4 then cast(date '1970-01-01' + numbered.new_value::integer as varchar)
        when 5 then enum_range(null::categories)[numbered.new_value + 1]
    end as new_value,
    actors.rep_key as actor_key,
    numbered.source_record,
    ['history', 'nights', 'synthesised'][numbered.origin + 1] as origin,
    false as is_void,
    false as is_migration
from numbered
inner join opportunities on numbered.opportunity = opportunities.opportunity
left join stages as old_stages on numbered.field = 2 and numbered.old_value = old_stages.stage
left join stages as new_stages on numbered.field = 2 and numbered.new_value = new_stages.stage
left join people as actors on numbered.actor = actors.person;
