-- One row an hour in which this night has to look for bulk moves: those in which a changed
-- opportunity was moved, and those that held a move of many before.
with

changed as (
    select * from {{ ref('int_changed_opportunities') }}
),

entries as (
    select * from {{ ref('int_stage_entries') }}
),

final as (
    select distinct {{ dbt.date_trunc('hour', 'entries.occurred_at') }} as hour_at
    from entries
    inner join changed on entries.opportunity_key = changed.opportunity_key
    where entries.occurred_at is not null
    {%- if is_later_night() %}
    union
    select hour_at
    from {{ previous('int_stage_migrations') }}
    {%- endif %}
)

select * from final
