{#-
    What HubSpot says in another way than canonical tables do, and several staging models need:
    owners behind users, histories of properties, stamps of stages. Each macro is the body of a CTE,
    but for names of columns.

    Does not belong here: what a text means that names something (hubspot_words.sql), merged records
    (hubspot_mergers.sql), what belongs to what (hubspot_associations.sql).
-#}

{#- The owner behind each user: changes name users, records name owners. -#}
{% macro hubspot_owners_of_users() -%}
    select
        userId as user_id,
        min(id) as owner_id
    from {{ source('hubspot', 'owner') }}
    where userId is not null
    group by userId
{%- endmacro %}

{#-
    What some properties of records were, one row a version, with `changed_at`, `value`,
    `source_type`, `user_id` and `_batch_date`. An instant names a version of a property. Pages of several nights
    repeat what they said before, and HubSpot lists the newest version first.
-#}
{% macro hubspot_property_versions(history, properties) -%}
    select
        id,
        property,
        changed_at,
        value,
        source_type,
        user_id,
        _batch_date
    from (
        select
            id,
            property,
            timestamp as changed_at,
            value,
            sourceType as source_type,
            coalesce(updatedByUserId, {{ first_match('sourceId', '^userId:([0-9]+)$') }})
                as user_id,
            _batch_date,
            row_number() over (
                partition by id, property, timestamp
                order by _batch_date desc, _load_number desc, _row_number asc
            ) as place
        from {{ source('hubspot', history) }}
        where property in ('{{ properties | join("', '") }}')
    ) as listed
    where place = 1
{%- endmacro %}

{#- How columns begin that hold the instant at which a deal entered a stage. -#}
{% macro hubspot_stamp_prefixes() -%}
    {{ return([
        'properties_hs_v2_date_entered_',
        'hs_v2_date_entered_',
        'properties_hs_date_entered_',
        'hs_date_entered_',
        'date_entered_',
    ]) }}
{%- endmacro %}

{#- Such columns, as the files of this portal have them. -#}
{% macro hubspot_stamp_columns() -%}
    {%- set found = [] -%}
    {%- for column in columns_of_files(source('hubspot', 'deal')) -%}
        {%- for prefix in hubspot_stamp_prefixes() if column.startswith(prefix) -%}
            {%- do found.append(column) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
