-- One row an hour × actor of whom this night has to look for bulk moves: who moved a changed
-- opportunity in that hour, and who moved many in it as the version before knows.
with

changed as (
    select * from {{ ref('int_changed_opportunities') }}
),

entries as (
    select * from {{ changed_rows(ref('int_stage_entries')) }}
),

final as (
    select distinct
        {{ dbt.date_trunc('hour', 'entries.occurred_at') }} as hour_at,
        entries.actor_key
    from entries
    inner join changed on entries.opportunity_key = changed.opportunity_key
    where entries.occurred_at is not null and entries.actor_key is not null
    {%- if is_later_night() %}
    union
    select
        hour_at,
        actor_key
    from {{ previous('int_stage_migrations') }}
    {%- endif %}
)

select * from final
