-- One row an opportunity × stretch of time in which pipeline, stage, owner, amount, close date and
-- forecast category stayed the same. A deleted opportunity has none from its deletion on.
-- What it held of changed opportunities is read before it is changed:
-- depends_on: {{ ref('int_left_pipeline_sums') }}
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
    {{ only_changed('int_changed_stage_events') }}
),

events as (
    select * from {{ ref('int_stage_events') }}
    {{ only_changed('int_changed_stage_events') }}
),

first_versions as (
    select * from {{ ref('int_opportunity_versions') }}
    where version_number = 1
    {{ only_changed('int_changed_stage_events', 'and') }}
),

field_changes as (
    select * from {{ ref('int_field_changes') }}
    {{ only_changed('int_changed_stage_events') }}
),

owner_spans as (
    select * from {{ ref('int_owner_spans') }}
    {{ only_changed('int_changed_stage_events') }}
),

deletions as (
    select * from {{ ref('int_deletions') }}
    {{ only_changed('int_changed_stage_events') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

first_values as (
    select
        opportunity_key,
        max(case when field = 'amount' then 1 else 0 end) = 1 as has_amounts,
        max(case when field = 'amount' then old_amount_local end) as first_amount_local,
        max(case when field = 'close_date' then 1 else 0 end) = 1 as has_close_dates,
        max(case when field = 'close_date' then old_close_date end) as first_close_date,
        max(case when field = 'forecast_category' then 1 else 0 end) = 1 as has_categories,
        max(case when field = 'forecast_category' then old_forecast_category end)
            as first_forecast_category
    from field_changes
    where change_number = 1
    group by opportunity_key
),

-- What is known from the beginning on, and since when.
beginnings as (
    select
        events.opportunity_key,
        coalesce(
            events.occurred_at,
            least({{ start_of_day('first_versions.batch_date') }}, events.next_occurred_at)
        ) as started_at,
        events.stage_key,
        events.owner_key,
        case
            when coalesce(first_values.has_amounts, false) then first_values.first_amount_local
            else opportunities.amount_local
        end as amount_local,
        case
            when coalesce(first_values.has_close_dates, false) then first_values.first_close_date
            else opportunities.close_date
        end as close_date,
        case
            when coalesce(first_values.has_categories, false)
                then first_values.first_forecast_category
            else opportunities.forecast_category
        end as forecast_category
    from events
    inner join opportunities on events.opportunity_key = opportunities.opportunity_key
    inner join first_versions on events.opportunity_key = first_versions.opportunity_key
    left join first_values on events.opportunity_key = first_values.opportunity_key
    where events.event_number = 1
),

points as (
    select
        opportunity_key,
        started_at as changed_at,
        0 as kind,
        0 as place,
        stage_key,
        owner_key,
        {{ boxed('amount_local', 'decimal(18, 2)') }} as amount_box,
        {{ boxed('close_date', 'date') }} as close_date_box,
        {{ boxed('forecast_category', 'varchar') }} as forecast_category_box,
        0 as deletion
    from beginnings
    union all
    select
        opportunity_key,
        occurred_at as changed_at,
        1 as kind,
        event_number as place,
        stage_key,
        null as owner_key,
        null as amount_box,
        null as close_date_box,
        null as forecast_category_box,
        null as deletion
    from events
    where event_number > 1
    union all
    select
        opportunity_key,
        changed_at,
        2 as kind,
        change_number as place,
        null as stage_key,
        null as owner_key,
        case
            when field = 'amount' then {{ boxed('new_amount_local', 'decimal(18, 2)') }}
        end as amount_box,
        case when field = 'close_date' then {{ boxed('new_close_date', 'date') }} end
            as close_date_box,
        case
            when field = 'forecast_category' then {{ boxed('new_forecast_category', 'varchar') }}
        end as forecast_category_box,
        null as deletion
    from field_changes
    union all
    select
        opportunity_key,
        valid_from as changed_at,
        3 as kind,
        span_number as place,
        null as stage_key,
        owner_key,
        null as amount_box,
        null as close_date_box,
        null as forecast_category_box,
        null as deletion
    from owner_spans
    where span_number > 0
    union all
    select
        opportunity_key,
        occurred_at as changed_at,
        4 as kind,
        version_number as place,
        null as stage_key,
        null as owner_key,
        null as amount_box,
        null as close_date_box,
        null as forecast_category_box,
        case when is_deleted then 1 else 0 end as deletion
    from deletions
),

-- Nothing happens before the beginning.
bounded as (
    select
        points.*,
        greatest(points.changed_at, beginnings.started_at) as valid_from
    from points
    inner join beginnings on points.opportunity_key = beginnings.opportunity_key
),

states as (
    select
        opportunity_key,
        valid_from,
        lead(valid_from) over by_time as next_valid_from,
        {{ last_in('stage_key', 'so_far') }} as stage_key,
        {{ last_in('owner_key', 'so_far') }} as owner_key,
        {{ last_in('amount_box', 'so_far') }} as amount_box,
        {{ last_in('close_date_box', 'so_far') }} as close_date_box,
        {{ last_in('forecast_category_box', 'so_far') }} as forecast_category_box,
        {{ last_in('deletion', 'so_far') }} as deletion
    from bounded
    window
        by_time as (partition by opportunity_key order by valid_from, kind, place),
        so_far as (
            partition by opportunity_key
            order by valid_from, kind, place
            rows between unbounded preceding and current row
        )
),

-- Of several changes of one instant the last state holds.
hashed as (
    select
        *,
        {{ row_hash([
            'stage_key', 'owner_key', 'amount_box', 'close_date_box', 'forecast_category_box',
            'deletion',
        ]) }} as state_hash
    from states
    where next_valid_from is null or next_valid_from > valid_from
),

-- A state like the one before is none.
changed as (
    select *
    from (
        select
            *,
            lag(state_hash) over by_time is distinct from state_hash as is_change
        from hashed
        window by_time as (partition by opportunity_key order by valid_from)
    ) as compared
    where is_change
),

stretches as (
    select
        *,
        lead(valid_from) over by_time as valid_to,
        sum(1 - deletion) over (
            partition by opportunity_key
            order by valid_from
            rows between unbounded preceding and current row
        ) as version_number
    from changed
    window by_time as (partition by opportunity_key order by valid_from)
),

final as (
    select
        stretches.opportunity_key,
        cast(stretches.version_number as integer) as version_number,
        stretches.valid_from,
        stretches.valid_to,
        stages.pipeline_key,
        stretches.stage_key,
        stretches.owner_key,
        {{ unboxed('stretches.amount_box', 'decimal(18, 2)') }} as amount_local,
        opportunities.currency_code,
        {{ in_reporting_currency(
            unboxed('stretches.amount_box', 'decimal(18, 2)'), 'plan_rates.plan_rate'
        ) }} as amount,
        {{ unboxed('stretches.close_date_box', 'date') }} as close_date,
        {{ unboxed('stretches.forecast_category_box', 'varchar') }} as forecast_category,
        stages.stage_kind = 'open' as is_open
    from stretches
    inner join opportunities on stretches.opportunity_key = opportunities.opportunity_key
    inner join stages on stretches.stage_key = stages.stage_key
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.currency_code = plan_rates.currency_code
    where stretches.deletion = 0
)

select * from final
