{#-
    Versions of records: what nights delivered, one observation a night, put in order.

    Observations come with `batch_date` (the night), `load_number` and `row_number` (their place in
    it) and `modified_at` (the CRM's own stamp, or NULL). A version begins where one of the
    `tracked` columns differs from the version before, or where the record is missing from a full
    night (`is_absent`). It comes with `version_number`, `known_at`, the instant of the change,
    `last_stamp`, the newest stamp of the CRM up to its end, and `absent_so_far_at`, the last
    absence. The `carried` columns go along without making a version. An observation tells of
    the instant `told_at`, an expression: its stamp, unless something else tells it better.

    Belongs here: the choice between all nights (versions_of.sql) and one night more
    (versions_after.sql), what both say, and versions from states that have their instants. Does not
    belong here: the newest state alone (newest.sql).
-#}

{#-
    The body of CTEs that ends in `versions`, whichever night it is: from the CTEs `observations`,
    `full_nights` and `newest` (records with their `last_seen_date`, of sources whose extracts can
    lack one). A later night goes on from what the model itself holds.
-#}
{% macro versions_by_night(key, tracked, carried, told_at='modified_at') -%}
{%- if is_later_night() -%}
missing as (
    select
        newest.source_system,
        {%- for column in key %}
        newest.{{ column }},
        {%- endfor %}
        full_nights.batch_date
    from newest
    inner join (
        select
            source_system,
            max(batch_date) as batch_date
        from full_nights
        group by source_system
    ) as full_nights
        on
            newest.source_system = full_nights.source_system
            and newest.last_seen_date < full_nights.batch_date
),

concerned as (
    select
        source_system,
        {{ key | join(', ') }}
    from observations
    union
    select
        source_system,
        {{ key | join(', ') }}
    from missing
),

known as (
    select *
    from (
        select
            versions.*,
            row_number() over (
                partition by versions.source_system, versions.{{ key | join(', versions.') }}
                order by versions.version_number desc
            ) as place
        from {{ this }} as versions
        inner join concerned
            on
                {{ _same_record('versions', 'concerned', key) }}
    ) as placed
    where place = 1
),

{{ versions_after(key, tracked, carried, told_at) }}
{%- else -%}
{{ versions_of(key, tracked, carried, told_at) }}
{%- endif -%}
{%- endmacro %}

{#-
    States of records in order as versions: of several of one instant the last one holds, and one like
    the one before is none. `states` come with `next_valid_from`, the beginning of the one after; the
    `columns` are what tells one from another. The body of a CTE.
-#}
{% macro states_that_differ(states, record, order, columns) -%}
    select *
    from (
        select
            *,
            lag(state_hash) over (partition by {{ record }} order by {{ order }})
            is distinct from state_hash as is_change
        from (
            select
                *,
                {{ row_hash(columns) }} as state_hash
            from {{ states }}
            where next_valid_from is null or next_valid_from > valid_from
        ) as hashed
    ) as compared
    where is_change
{%- endmacro %}

{% macro _latest_of(one, other) -%}
    coalesce(greatest({{ one }}, {{ other }}), {{ _before_all() }})
{%- endmacro %}

{% macro _before_all() -%}
    cast('1900-01-01' as timestamp)
{%- endmacro %}

{% macro _columns_of(rows, columns) -%}
    {%- for column in columns %}
        {{ rows }}.{{ column }},
    {%- endfor %}
{%- endmacro %}

{% macro _same_record(left, right, key) -%}
    {%- for column in ['source_system'] + key -%}
    {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro newest_of_each_night(record, observations='observations') -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ record }}, batch_date
                order by modified_at desc nulls last, load_number desc, row_number desc
            ) as place_in_night
        from {{ observations }}
    ) as placed
    where place_in_night = 1
{%- endmacro %}
