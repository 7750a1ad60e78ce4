{#-
    Records as extracts deliver them: many versions of one record, keys that must not collide
    between sources.
-#}

{#- `<source_system>:<native id>`; an absent id points at the source's unknown member. -#}
{% macro key_of(source_system, native_id) -%}
    {{ source_system }} || ':' || coalesce({{ native_id }}, 'unknown')
{%- endmacro %}

{#-
    The newest version of each record, in the order of newest.sql; if asked, with the last night that
    delivered the record at all.
-#}
{% macro newest_versions(relation, key, stamp=none, with_last_seen=false) -%}
    {%- set record = key | join(', ') -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ record }}
                order by {{ newest_first(stamp, '_batch_date', '_load_number', '_row_number') }}
            ) as version_number
            {%- if with_last_seen %},
            max(_batch_date) over (partition by {{ record }}) as last_seen_date
            {%- endif %}
        {%- if stamp %}
        from (
            select
                *,
                {{ newest_stamps(stamp, record, '_batch_date') }}
            from {{ relation }}
        ) as stamped
        {%- else %}
        from {{ relation }}
        {%- endif %}
    ) as versions
    where version_number = 1
{%- endmacro %}

{#- Of a row of the ledger: whether the night brought the object whole, as far as anybody can tell. -#}
{% macro is_whole_extract() -%}
    extract = 'full'
    and status in ('loaded', 'accepted')
    and error is null
    and coalesce(is_whole, true)
    and reload_of is null
{%- endmacro %}

{#-
    Staged rows that are there today: neither deleted nor missing from a newer full extract. `staged`
    names, besides `is_deleted` and `last_seen_date`, the object that brings the row.
-#}
{% macro still_there(staged, full_extracts) -%}
    select staged.*
    from {{ staged }} as staged
    left join {{ full_extracts }} as full_extracts
        on
            staged.source_system = full_extracts.source_system
            and staged.object_name = full_extracts.object_name
    where
        not staged.is_deleted
        and coalesce(staged.last_seen_date >= full_extracts.batch_date, true)
{%- endmacro %}
