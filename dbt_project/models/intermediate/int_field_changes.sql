-- One row an opportunity × place at which its amount, close date or forecast category changed.
--
-- Each field is told by stage history where any record of it carries the field, else by its field
-- history, else by differences between nights. Places order the changes of a field.
{%- set fields = [
    {'name': 'amount', 'column': 'amount_local', 'type': 'decimal(18, 2)'},
    {'name': 'close_date', 'column': 'close_date', 'type': 'date'},
    {'name': 'forecast_category', 'column': 'forecast_category', 'type': 'varchar'},
] %}
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

history as (
    select * from {{ changed_rows(ref('int_opportunity_history')) }}
),

versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions')) }}
    where not is_absent
),

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities')) }}
),

field_history as (
    {{ staged_field_history() }}
),

field_records as (
    select
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        field,
        old_value,
        new_value,
        changed_at,
        coalesce(sequence, 0) as source_sequence,
        history_id,
        case when actor_id is not null then {{ key_of('source_system', 'actor_id') }} end
            as actor_key
    from field_history
    where
        field in ('amount', 'close_date', 'forecast_category')
        and (source_system, opportunity_id) in (
            select
                source_system,
                opportunity_id
            from opportunities
        )
),

last_records as (
    select
        history.opportunity_key,
        history.record_number,
        history.changed_at,
        opportunities.modified_at,
        {%- for field in fields %}
        history.{{ field.column }},
        opportunities.{{ field.column }} as {{ field.column }}_today{{ ',' if not loop.last }}
        {%- endfor %}
    from history
    inner join opportunities on history.opportunity_key = opportunities.opportunity_key
    where
        history.is_last_record
        and (
            {%- for field in fields %}
            history.{{ field.column }} is distinct from opportunities.{{ field.column }}
            {{ 'or' if not loop.last }}
            {%- endfor %}
        )
),

seen as (
    select
        *,
        {% for field in fields -%}
        lag({{ field.column }}) over by_version as previous_{{ field.column }},
        {% endfor -%}
        lag(version_number) over by_version as previous_version_number
    from versions
    where opportunity_key in (select opportunity_key from versions where version_number > 1)
    window by_version as (partition by opportunity_key order by version_number)
),

-- Who tells what, of those for which more than their own records has to be asked.
carried as (
    select
        history.opportunity_key,
        {%- for field in fields %}
        count(history.{{ field.column }}) > 0 as has_{{ field.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from history
    where
        history.opportunity_key in (
            select opportunity_key from last_records
            union
            select opportunity_key from field_records
            union
            select opportunity_key from seen
        )
    group by history.opportunity_key
),

noted as (
    select
        opportunity_key,
        {%- for field in fields %}
        max(case when field = '{{ field.name }}' then 1 else 0 end) = 1 as has_{{ field.name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from field_records
    group by opportunity_key
),

of_records as (
    select
        opportunity_key,
        changed_at,
        record_number as place,
        {%- for field in fields %}
        previous_{{ field.column }} is distinct from {{ field.column }} as is_{{ field.name }}_changed,
        previous_{{ field.column }} as old_{{ field.column }},
        {{ field.column }} as new_{{ field.column }},
        {%- endfor %}
        history_id as source_record,
        actor_key,
        'history' as origin
    from history
    where
        record_number > 1
        and (
            {%- for field in fields %}
            previous_{{ field.column }} is distinct from {{ field.column }}
            {{ 'or' if not loop.last }}
            {%- endfor %}
        )
),

-- A value of today that the last record does not carry.
after_records as (
    select
        last_records.opportunity_key,
        greatest(
            last_records.changed_at, coalesce(last_records.modified_at, last_records.changed_at)
        ) as changed_at,
        last_records.record_number + 1 as place,
        {%- for field in fields %}
        carried.has_{{ field.name }}
        and last_records.{{ field.column }} is distinct from last_records.{{ field.column }}_today
            as is_{{ field.name }}_changed,
        last_records.{{ field.column }} as old_{{ field.column }},
        last_records.{{ field.column }}_today as new_{{ field.column }},
        {%- endfor %}
        cast(null as varchar) as source_record,
        cast(null as varchar) as actor_key,
        'synthesised' as origin
    from last_records
    inner join carried on last_records.opportunity_key = carried.opportunity_key
),

{% for field in fields %}
-- What stood here is what changed, whatever the record says that it found.
noted_{{ field.name }} as (
    select
        *,
        case when place = 1 then said_value else standing_value end as old_value
    from (
        select
            *,
            row_number() over by_time as place,
            lag(new_value) over by_time as standing_value
        from (
            select
                field_records.opportunity_key,
                field_records.changed_at,
                {{ try_cast('field_records.old_value', field.type) }} as said_value,
                {{ try_cast('field_records.new_value', field.type) }} as new_value,
                field_records.source_sequence,
                field_records.history_id,
                field_records.actor_key
            from field_records
            left join carried on field_records.opportunity_key = carried.opportunity_key
            where
                field_records.field = '{{ field.name }}'
                and not coalesce(carried.has_{{ field.name }}, false)
        ) as typed
        window by_time as (
            partition by opportunity_key
            order by changed_at, source_sequence, history_id nulls last
        )
    ) as chained
    where
        case when place = 1 then said_value else standing_value end is distinct from new_value
),

after_noted_{{ field.name }} as (
    select
        lasts.opportunity_key,
        greatest(
            lasts.changed_at, coalesce(opportunities.modified_at, lasts.changed_at)
        ) as changed_at,
        lasts.place + 1 as place,
        lasts.new_value as old_value,
        opportunities.{{ field.column }} as new_value
    from (
        select
            *,
            lead(place) over (partition by opportunity_key order by place) is null as is_last
        from noted_{{ field.name }}
    ) as lasts
    inner join opportunities on lasts.opportunity_key = opportunities.opportunity_key
    where lasts.is_last and lasts.new_value is distinct from opportunities.{{ field.column }}
),
{% endfor %}

between_nights as (
    select
        seen.opportunity_key,
        seen.known_at as changed_at,
        seen.version_number as place,
        {%- for field in fields %}
        seen.previous_{{ field.column }} is distinct from seen.{{ field.column }}
        and not coalesce(carried.has_{{ field.name }}, false)
        and not coalesce(noted.has_{{ field.name }}, false) as is_{{ field.name }}_changed,
        seen.previous_{{ field.column }} as old_{{ field.column }},
        seen.{{ field.column }} as new_{{ field.column }},
        {%- endfor %}
        cast(null as varchar) as source_record,
        cast(null as varchar) as actor_key,
        'nights' as origin
    from seen
    left join carried on seen.opportunity_key = carried.opportunity_key
    left join noted on seen.opportunity_key = noted.opportunity_key
    where seen.previous_version_number is not null
),

all_changes as (
    select * from of_records
    union all
    select * from after_records
    union all
    select * from between_nights
    {%- for field in fields %}
    {%- set values %}
        {%- for each in fields %}
        {{ 'true' if each == field else 'false' }} as is_{{ each.name }}_changed,
        cast({{ 'old_value' if each == field else 'null' }} as {{ each.type }}) as old_{{ each.column }},
        cast({{ 'new_value' if each == field else 'null' }} as {{ each.type }}) as new_{{ each.column }},
        {%- endfor %}
    {%- endset %}
    union all
    select
        opportunity_key,
        changed_at,
        place,
        {{- values }}
        history_id as source_record,
        actor_key,
        'history' as origin
    from noted_{{ field.name }}
    union all
    select
        opportunity_key,
        changed_at,
        place,
        {{- values }}
        cast(null as varchar) as source_record,
        cast(null as varchar) as actor_key,
        'synthesised' as origin
    from after_noted_{{ field.name }}
    {%- endfor %}
),

final as (
    select
        opportunity_key,
        changed_at,
        cast(place as integer) as place,
        {%- for field in fields %}
        is_{{ field.name }}_changed,
        old_{{ field.column }},
        new_{{ field.column }},
        {%- endfor %}
        source_record,
        actor_key,
        origin
    from all_changes
    where
        {%- for field in fields %}
        is_{{ field.name }}_changed{{ ' or' if not loop.last }}
        {%- endfor %}
)

select * from final
