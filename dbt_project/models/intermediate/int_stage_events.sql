-- One row an entry of an opportunity into a stage that counts, in order: void closes are out, and a
-- stay that was moved in bulk bears the stage it was moved to.
-- What it held of changed opportunities is read before it is changed:
-- depends_on: {{ ref('int_left_stays') }}
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

entries as (
    select * from {{ changed_rows(ref('int_stage_entries'), 'int_changed_stage_events') }}
),

repaired as (
    select * from {{ changed_rows(ref('int_repaired_stage_entries'), 'int_changed_stage_events') }}
),

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities'), 'int_changed_stage_events') }}
),

owner_spans as (
    select * from {{ changed_rows(ref('int_owner_spans'), 'int_changed_stage_events') }}
),

field_changes as (
    select * from {{ changed_rows(ref('int_field_changes'), 'int_changed_stage_events') }}
),

plan_rates as (
    select * from {{ ref('int_plan_rates') }}
),

with_repairs as (
    select distinct opportunity_key from repaired
),

untouched as (
    select
        entries.opportunity_key,
        entries.entry_number as event_number,
        entries.pipeline_key,
        entries.stage_key,
        entries.stage_rank,
        entries.stage_rank as told_stage_rank,
        entries.stage_kind,
        entries.occurred_at,
        entries.amount,
        entries.origin,
        entries.is_stamp,
        entries.source_record,
        1 as attempt_number,
        false as is_reopening,
        entries.origin = 'synthesised' as has_synthesised_entry
    from entries
    left join with_repairs on entries.opportunity_key = with_repairs.opportunity_key
    where with_repairs.opportunity_key is null
),

in_stays as (
    select
        entries.*,
        repaired.is_start,
        repaired.is_reopening,
        repaired.has_synthesised_entry,
        sum(case when repaired.is_start then 1 else 0 end) over by_time as stay_number,
        sum(case when repaired.is_reopening then 1 else 0 end) over by_time + 1 as attempt_number
    from entries
    inner join repaired
        on
            entries.opportunity_key = repaired.opportunity_key
            and entries.entry_number = repaired.entry_number
    where not repaired.is_void
    window by_time as (
        partition by entries.opportunity_key
        order by entries.entry_number
        rows between unbounded preceding and current row
    )
),

labels as (
    select
        opportunity_key,
        stay_number,
        stage_key,
        stage_rank,
        stage_kind
    from (
        select
            *,
            row_number() over (
                partition by opportunity_key, stay_number order by entry_number desc
            ) as place
        from in_stays
    ) as placed
    where place = 1
),

labelled as (
    select
        in_stays.*,
        labels.stage_key as label_key,
        labels.stage_rank as label_rank,
        labels.stage_kind as label_kind,
        lag(labels.stage_key) over (
            partition by in_stays.opportunity_key order by in_stays.stay_number
        ) as previous_label_key
    from in_stays
    inner join labels
        on
            in_stays.opportunity_key = labels.opportunity_key
            and in_stays.stay_number = labels.stay_number
    where in_stays.is_start
),

-- A stay that was moved to the stage of the stay before it goes on in that one.
mended as (
    select
        opportunity_key,
        cast(
            row_number() over (partition by opportunity_key order by stay_number) as integer
        ) as event_number,
        pipeline_key,
        label_key as stage_key,
        label_rank as stage_rank,
        stage_rank as told_stage_rank,
        label_kind as stage_kind,
        occurred_at,
        amount,
        origin,
        is_stamp,
        source_record,
        cast(attempt_number as integer) as attempt_number,
        is_reopening,
        has_synthesised_entry
    from labelled
    where previous_label_key is null or previous_label_key <> label_key
),

all_events as (
    select * from untouched
    union all
    select * from mended
),

without_amounts as (
    select distinct opportunity_key
    from all_events
    where amount is null
),

-- What amounts were when stage history does not say it.
amount_changes as (
    select
        field_changes.opportunity_key,
        field_changes.changed_at,
        field_changes.old_amount_local,
        field_changes.new_amount_local,
        lead(field_changes.changed_at) over by_place as next_changed_at,
        lag(field_changes.place) over by_place is null as is_first
    from field_changes
    inner join without_amounts on field_changes.opportunity_key = without_amounts.opportunity_key
    where field_changes.is_amount_changed
    window by_place as (
        partition by field_changes.opportunity_key order by field_changes.place
    )
),

amount_spans as (
    select
        spans.opportunity_key,
        spans.valid_from,
        spans.valid_to,
        {{ in_reporting_currency('spans.amount_local', 'plan_rates.plan_rate') }} as amount
    from (
        select
            opportunity_key,
            changed_at as valid_from,
            next_changed_at as valid_to,
            new_amount_local as amount_local
        from amount_changes
        union all
        select
            opportunity_key,
            cast(null as timestamp) as valid_from,
            changed_at as valid_to,
            old_amount_local as amount_local
        from amount_changes
        where is_first
    ) as spans
    inner join opportunities on spans.opportunity_key = opportunities.opportunity_key
    left join plan_rates
        on
            opportunities.source_system = plan_rates.source_system
            and opportunities.currency_code = plan_rates.currency_code
),

final as (
    select
        all_events.opportunity_key,
        all_events.event_number,
        all_events.pipeline_key,
        all_events.stage_key,
        all_events.stage_rank,
        -- Of the stage that was entered, whatever bulk moves made of the stay.
        all_events.told_stage_rank,
        all_events.stage_kind,
        all_events.occurred_at,
        -- An amount that was blank then is no unknown one.
        case
            when all_events.amount is not null then all_events.amount
            when amount_spans.opportunity_key is not null then amount_spans.amount
            else opportunities.amount
        end as amount,
        coalesce(owner_spans.owner_key, opportunities.owner_key) as owner_key,
        all_events.attempt_number,
        all_events.is_reopening,
        all_events.origin,
        all_events.origin = 'synthesised' as is_synthesised,
        all_events.has_synthesised_entry,
        all_events.is_stamp,
        all_events.source_record,
        opportunities.is_deleted,
        -- What is filed as another won or lost stage later was closed before.
        all_events.stage_kind <> 'open'
        and (
            lag(all_events.stage_kind) over by_time is distinct from all_events.stage_kind
            or lag(all_events.pipeline_key) over by_time is distinct from all_events.pipeline_key
        ) as is_close,
        lead(all_events.occurred_at) over by_time as next_occurred_at,
        lead(all_events.stage_kind) over by_time as next_stage_kind,
        lead(all_events.stage_rank) over by_time as next_stage_rank,
        lead(all_events.pipeline_key) over by_time as next_pipeline_key,
        cast(
            count(case when all_events.stage_kind = 'open' then 1 end) over by_time as integer
        ) as visit_number
    from all_events
    inner join opportunities on all_events.opportunity_key = opportunities.opportunity_key
    left join owner_spans
        on
            all_events.opportunity_key = owner_spans.opportunity_key
            -- What is won is assigned in the same save to whoever looks after it.
            and case
                when all_events.stage_kind <> 'open' and all_events.event_number > 1
                    then {{ held_until('owner_spans', 'all_events.occurred_at') }}
                else {{ holds_at('owner_spans', 'all_events.occurred_at') }}
            end
    left join amount_spans
        on
            all_events.opportunity_key = amount_spans.opportunity_key
            and all_events.amount is null
            and {{ holds_at('amount_spans', 'all_events.occurred_at') }}
    window by_time as (
        partition by all_events.opportunity_key order by all_events.event_number
    )
)

select * from final
