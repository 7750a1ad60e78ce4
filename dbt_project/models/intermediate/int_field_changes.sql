-- One row a change of an opportunity's amount, close date or forecast category.
--
-- Told by its stage history where any record of it carries the field, else by its field history,
-- else by differences between nights.
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
    select * from {{ ref('int_opportunity_history') }}
    {{ only_changed() }}
),

versions as (
    select * from {{ ref('int_opportunity_versions') }}
    where not is_absent
    {{ only_changed(word='and') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
    {{ only_changed() }}
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
    where field in ('amount', 'close_date', 'forecast_category') and not is_deleted
    {{ only_changed_records(word='and') }}
),

seen as (
    select
        *,
        {% for field in fields -%}
        lag({{ field.column }}) over by_version as previous_{{ field.column }},
        {% endfor -%}
        lag(currency_code) over by_version as previous_currency_code,
        lag(version_number) over by_version as previous_version_number
    from versions
    window by_version as (partition by opportunity_key order by version_number)
),

carried as (
    select
        opportunity_key,
        {%- for field in fields %}
        count({{ field.column }}) > 0 as has_{{ field.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from history
    group by opportunity_key
),

{% for field in fields %}
{%- set columns %}
        {%- for each in fields %}
        {%- for side in ['old', 'new'] %}
        {{ 'cast(' ~ side ~ '_value as ' ~ each.type ~ ')' if each == field
           else 'cast(null as ' ~ each.type ~ ')' }} as {{ side }}_{{ each.column }},
        {%- endfor %}
        {%- endfor %}
{%- endset %}
{{ field.name }}_changes as (
    select
        opportunity_key,
        '{{ field.name }}' as field,
        changed_at,
        {{ columns }}
        source_sequence,
        source_record,
        actor_key,
        origin,
        is_told
    from (
        select
            opportunity_key,
            changed_at,
            previous_{{ field.column }} as old_value,
            {{ field.column }} as new_value,
            record_number as source_sequence,
            history_id as source_record,
            actor_key,
            'history' as origin,
            false as is_told
        from history
        where
            record_number > 1
            and previous_{{ field.column }} is distinct from {{ field.column }}
        union all
        -- What stood here is what changed, whatever the record says that it found.
        select
            chained.opportunity_key,
            chained.changed_at,
            case
                when chained.place = 1 then chained.old_value
                else chained.standing_value
            end as old_value,
            chained.new_value,
            chained.source_sequence,
            chained.history_id as source_record,
            chained.actor_key,
            'history' as origin,
            true as is_told
        from (
            select
                *,
                row_number() over by_time as place,
                lag(new_value) over by_time as standing_value
            from (
                select
                    field_records.opportunity_key,
                    field_records.changed_at,
                    {{ try_cast('field_records.old_value', field.type) }} as old_value,
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
            case when chained.place = 1 then chained.old_value else chained.standing_value end
            is distinct from chained.new_value
        union all
        select
            seen.opportunity_key,
            seen.known_at as changed_at,
            seen.previous_{{ field.column }} as old_value,
            seen.{{ field.column }} as new_value,
            seen.version_number as source_sequence,
            cast(null as varchar) as source_record,
            cast(null as varchar) as actor_key,
            'nights' as origin,
            false as is_told
        from seen
        left join carried on seen.opportunity_key = carried.opportunity_key
        left join (
            select distinct opportunity_key
            from field_records
            where field = '{{ field.name }}'
        ) as told
            on seen.opportunity_key = told.opportunity_key
        where
            seen.previous_version_number is not null
            and seen.previous_{{ field.column }} is distinct from seen.{{ field.column }}
            and not coalesce(carried.has_{{ field.name }}, false)
            and told.opportunity_key is null
    ) as changes
),
{% endfor %}

{% for field in fields %}
{%- set columns %}
        {%- for each in fields %}
        {%- for side in ['old', 'new'] %}
        {{ side ~ '_value' if each == field else 'cast(null as ' ~ each.type ~ ')' }}
            as {{ side }}_{{ each.column }},
        {%- endfor %}
        {%- endfor %}
{%- endset %}
-- A value of today that the last record does not carry.
latest_{{ field.name }} as (
    select
        opportunity_key,
        '{{ field.name }}' as field,
        greatest(last_at, coalesce(modified_at, last_at)) as changed_at,
        {{ columns }}
        last_sequence + 1 as source_sequence,
        cast(null as varchar) as source_record,
        cast(null as varchar) as actor_key,
        'synthesised' as origin,
        false as is_told
    from (
        select
            opportunities.opportunity_key,
            opportunities.modified_at,
            lasts.old_value,
            opportunities.{{ field.column }} as new_value,
            lasts.last_at,
            lasts.last_sequence
        from (
            select
                history.opportunity_key,
                history.changed_at as last_at,
                history.{{ field.column }} as old_value,
                history.record_number as last_sequence
            from history
            inner join carried on history.opportunity_key = carried.opportunity_key
            where history.is_last_record and carried.has_{{ field.name }}
            union all
            select
                opportunity_key,
                changed_at as last_at,
                new_{{ field.column }} as old_value,
                source_sequence as last_sequence
            from (
                select
                    *,
                    row_number() over (
                        partition by opportunity_key
                        order by
                            changed_at desc, source_sequence desc, source_record desc nulls first
                    ) as place
                from {{ field.name }}_changes
                where is_told
            ) as placed
            where place = 1
        ) as lasts
        inner join opportunities on lasts.opportunity_key = opportunities.opportunity_key
        where lasts.old_value is distinct from opportunities.{{ field.column }}
    ) as differing
),
{% endfor %}

all_changes as (
    {% for field in fields %}
    select * from {{ field.name }}_changes
    union all
    select * from latest_{{ field.name }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        all_changes.opportunity_key,
        all_changes.field,
        all_changes.changed_at,
        {%- for field in fields %}
        all_changes.old_{{ field.column }},
        all_changes.new_{{ field.column }},
        {%- endfor %}
        all_changes.source_record,
        all_changes.actor_key,
        all_changes.origin,
        cast(
            row_number() over (
                partition by all_changes.opportunity_key, all_changes.field
                order by
                    all_changes.changed_at,
                    all_changes.source_sequence,
                    all_changes.source_record nulls last
            ) as integer
        ) as change_number
    from all_changes
    inner join opportunities on all_changes.opportunity_key = opportunities.opportunity_key
)

select * from final
