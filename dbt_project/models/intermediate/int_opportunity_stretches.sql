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
    select * from {{ changed_rows(ref('int_opportunities'), 'int_changed_stage_events') }}
),

events as (
    select * from {{ changed_rows(ref('int_stage_events'), 'int_changed_stage_events') }}
),

first_versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions'), 'int_changed_stage_events') }}
    where version_number = 1
),

field_changes as (
    select * from {{ changed_rows(ref('int_field_changes'), 'int_changed_stage_events') }}
),

owner_spans as (
    select * from {{ changed_rows(ref('int_owner_spans'), 'int_changed_stage_events') }}
),

deletions as (
    select * from {{ changed_rows(ref('int_deletions'), 'int_changed_stage_events') }}
),

stages as (
    select
        *,
        row_number() over (order by stage_key) as stage_number
    from {{ ref('int_stages') }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

-- Numbers in place of texts, for the windows.
owners as (
    select
        owner_key,
        row_number() over (order by owner_key) as owner_number
    from (
        select owner_key from events
        union
        select owner_key from owner_spans
    ) as named
),

categories as (
    select
        forecast_category,
        row_number() over (order by forecast_category) as category_number
    from (
        select forecast_category from opportunities
        union
        select old_forecast_category as forecast_category from field_changes
        union
        select new_forecast_category as forecast_category from field_changes
    ) as named
    where forecast_category is not null
),

first_values as (
    select
        opportunity_key,
        min_by(
            case when is_amount_changed then {{ boxed('old_amount_local', 'decimal(18, 2)') }} end,
            place
        ) as amount_box,
        min_by(
            case when is_close_date_changed then {{ boxed('old_close_date', 'date') }} end, place
        ) as close_date_box,
        min_by(
            case
                when is_forecast_category_changed
                    then {{ boxed('old_forecast_category', 'varchar') }}
            end,
            place
        ) as forecast_category_box
    from field_changes
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
        coalesce(
            first_values.amount_box, {{ boxed('opportunities.amount_local', 'decimal(18, 2)') }}
        ) as amount_box,
        coalesce(first_values.close_date_box, {{ boxed('opportunities.close_date', 'date') }})
            as close_date_box,
        coalesce(
            first_values.forecast_category_box,
            {{ boxed('opportunities.forecast_category', 'varchar') }}
        ) as forecast_category_box
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
        amount_box,
        close_date_box,
        forecast_category_box,
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
        place,
        null as stage_key,
        null as owner_key,
        case
            when is_amount_changed then {{ boxed('new_amount_local', 'decimal(18, 2)') }}
        end as amount_box,
        case when is_close_date_changed then {{ boxed('new_close_date', 'date') }} end
            as close_date_box,
        case
            when is_forecast_category_changed then {{ boxed('new_forecast_category', 'varchar') }}
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

in_numbers as (
    select
        {{ key_number('points.opportunity_key') }} as opportunity_number,
        points.changed_at,
        points.kind,
        points.place,
        stages.stage_number,
        owners.owner_number,
        points.amount_box,
        points.close_date_box,
        -- To have no category is a state, too.
        case
            when points.forecast_category_box is not null
                then coalesce(categories.category_number, 0)
        end as category_number,
        points.deletion
    from points
    left join stages on points.stage_key = stages.stage_key
    left join owners on points.owner_key = owners.owner_key
    left join categories on points.forecast_category_box = categories.forecast_category
),

states as (
    select
        opportunity_number,
        -- Nothing happens before the beginning.
        greatest(changed_at, first_value(changed_at) over by_time) as valid_from,
        case
            when lead(changed_at) over by_time is not null
                then
                    greatest(
                        lead(changed_at) over by_time, first_value(changed_at) over by_time
                    )
        end as next_valid_from,
        {{ last_in('stage_number', 'so_far') }} as stage_number,
        {{ last_in('owner_number', 'so_far') }} as owner_number,
        {{ last_in('amount_box', 'so_far') }} as amount_box,
        {{ last_in('close_date_box', 'so_far') }} as close_date_box,
        {{ last_in('category_number', 'so_far') }} as category_number,
        {{ last_in('deletion', 'so_far') }} as deletion
    from in_numbers
    window
        by_time as (
            partition by opportunity_number
            order by case when kind = 0 then 0 else 1 end, changed_at, kind, place
        ),
        so_far as (
            partition by opportunity_number
            order by case when kind = 0 then 0 else 1 end, changed_at, kind, place
            rows between unbounded preceding and current row
        )
),

changed as (
    {{ states_that_differ(
        'states',
        'opportunity_number',
        'valid_from',
        [
            'stage_number', 'owner_number', 'amount_box', 'close_date_box', 'category_number',
            'deletion',
        ],
    ) }}
),

stretches as (
    select
        *,
        lead(valid_from) over by_time as valid_to,
        sum(1 - deletion) over (
            partition by opportunity_number
            order by valid_from
            rows between unbounded preceding and current row
        ) as version_number
    from changed
    window by_time as (partition by opportunity_number order by valid_from)
),

final as (
    select
        opportunities.opportunity_key,
        cast(stretches.version_number as integer) as version_number,
        stretches.valid_from,
        stretches.valid_to,
        stages.pipeline_key,
        stages.stage_key,
        owners.owner_key,
        {{ unboxed('stretches.amount_box', 'decimal(18, 2)') }} as amount_local,
        opportunities.currency_code,
        {{ in_reporting_currency(
            unboxed('stretches.amount_box', 'decimal(18, 2)'), 'plan_rates.plan_rate'
        ) }} as amount,
        {{ unboxed('stretches.close_date_box', 'date') }} as close_date,
        categories.forecast_category,
        stages.stage_kind = 'open' as is_open
    from stretches
    inner join opportunities
        on stretches.opportunity_number = {{ key_number('opportunities.opportunity_key') }}
    inner join stages on stretches.stage_number = stages.stage_number
    inner join owners on stretches.owner_number = owners.owner_number
    left join categories on stretches.category_number = categories.category_number
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.currency_code = plan_rates.currency_code
    where stretches.deletion = 0
)

select * from final
