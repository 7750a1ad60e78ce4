{#-
    Records as extracts deliver them: many versions of one record, keys that must not collide
    between sources.
-#}

{#- `<source_system>:<native id>`; an absent id points at the source's unknown member. -#}
{% macro key_of(source_system, native_id) -%}
    {{ source_system }} || ':' || coalesce({{ native_id }}, 'unknown')
{%- endmacro %}

{#-
    The newest version of each record: by the CRM's own stamp where it gives one, then by night,
    by the order of loading, and by place in the file.
-#}
{% macro newest_versions(relation, key, stamp=none) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {% if stamp %}{{ stamp }} desc nulls last,{% endif %}
                    _batch_date desc, _load_number desc, _row_number desc
            ) as version_number
        from {{ relation }}
    ) as versions
    where version_number = 1
{%- endmacro %}
