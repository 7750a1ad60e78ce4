-- One row a lead that was recycled × episode of it: from when to when it lasted, and which steps the
-- lead took in it.
--
-- A lead is recycled when its status says that somebody takes it up again after it was disqualified.
-- What it was converted to came of its last episode.
{{ config(
    materialized='incremental',
    unique_key='lead_key',
    meta={'recomputed': 'int_changed_leads'},
) }}
with

leads as (
    select * from {{ changed_rows(ref('int_leads'), 'int_changed_leads', ['lead_key']) }}
),

all_status_history as (
    {{ staged_lead_status_history() }}
),

status_history as (
    select * from all_status_history
    {{ only_changed_records('int_changed_leads', id='lead_id') }}
),

mapped_statuses as (
    select * from {{ ref('stg_mapped__lead_statuses') }}
),

all_entries as (
    {{ entries_into_statuses('status_history', 'leads') }}
),

meanings as (
    {{ meanings_of_lead_statuses(['all_entries'], 'mapped_statuses') }}
),

told as (
    select
        {{ key_of('all_entries.source_system', 'all_entries.lead_id') }} as lead_key,
        all_entries.changed_at,
        all_entries.is_creation,
        all_entries.status,
        coalesce(meanings.meaning, 'none') as meaning
    from all_entries
    inner join meanings
        on
            all_entries.source_system = meanings.source_system
            and all_entries.status = meanings.status
),

-- Few leads say anything after they were disqualified: the others need not be put in order.
taken_up as (
    select lead_key
    from told
    group by lead_key
    having
        min(case when meaning = 'disqualified' then changed_at end)
        <= max(case when meaning <> 'disqualified' then changed_at end)
),

entries as (
    select
        lead_key,
        changed_at,
        meaning,
        lag(meaning) over (
            partition by lead_key order by is_creation desc, changed_at, status
        ) as previous_meaning
    from told
    where lead_key in (select lead_key from taken_up)
),

recycles as (
    select distinct
        leads.lead_key,
        entries.changed_at as started_at
    from entries
    inner join leads on entries.lead_key = leads.lead_key
    where
        entries.previous_meaning = 'disqualified'
        and entries.meaning <> 'disqualified'
        and entries.changed_at > leads.created_at
        and coalesce(entries.changed_at < leads.converted_at, true)
),

starts as (
    select
        lead_key,
        started_at
    from recycles
    union all
    select
        lead_key,
        created_at as started_at
    from leads
    where lead_key in (select lead_key from recycles)
),

spans as (
    select
        lead_key,
        row_number() over (partition by lead_key order by started_at) as episode_number,
        started_at,
        lead(started_at) over (partition by lead_key order by started_at) as ended_at
    from starts
),

entered as (
    select
        spans.lead_key,
        spans.episode_number,
        max(case when entries.meaning = 'mql' then 1 else 0 end) as mql_count,
        max(case when entries.meaning = 'sql' then 1 else 0 end) as sql_count
    from spans
    inner join entries
        on
            spans.lead_key = entries.lead_key
            and spans.started_at <= entries.changed_at
            and (spans.ended_at is null or entries.changed_at < spans.ended_at)
    group by spans.lead_key, spans.episode_number
),

said as (
    select
        spans.*,
        spans.ended_at is null as is_last,
        {% for step in ['mql', 'sql'] -%}
        coalesce(entered.{{ step }}_count, 0) = 1
        or (spans.ended_at is null and coalesce(leads.status_meaning = '{{ step }}', false))
        or coalesce(
            leads.{{ step }}_at >= spans.started_at
            and (spans.ended_at is null or leads.{{ step }}_at < spans.ended_at),
            false
        ) as was_{{ step }},
        {% endfor -%}
        spans.ended_at is null and leads.is_converted as is_converted
    from spans
    inner join leads on spans.lead_key = leads.lead_key
    left join entered
        on
            spans.lead_key = entered.lead_key
            and spans.episode_number = entered.episode_number
),

final as (
    select
        lead_key,
        episode_number,
        started_at,
        ended_at,
        is_last,
        was_mql or was_sql or is_converted as is_mql,
        was_sql or is_converted as is_sql
    from said
)

select * from final
