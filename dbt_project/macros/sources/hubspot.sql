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
    Versions of properties of records, as observations (history/newest.sql). An instant names a version
    of a property. Pages of several nights repeat what they said before, and HubSpot lists the newest
    version first: of two that one file tells the first one counts.
-#}
{% macro hubspot_property_versions(delivered) -%}
    select
        id,
        property,
        timestamp as changed_at,
        value,
        sourceType as source_type,
        coalesce(updatedByUserId, {{ first_match('sourceId', '^userId:([0-9]+)$') }}) as user_id,
        _batch_date as batch_date,
        _load_number as load_number,
        -_row_number as row_number
    from {{ delivered }}
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
