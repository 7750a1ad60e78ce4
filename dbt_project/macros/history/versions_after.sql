{#-
    Versions of records, one night more (versions.sql): the body of several CTEs, the last of which
    is `versions`, from the CTEs `observations` of a new night, `known` (the newest version of each
    record so far, of those that the night delivered or lacks) and `missing` (the key of those it
    lacks, and the night's `batch_date`).
-#}
{% macro versions_after(key, tracked, carried, told_at) -%}
{%- set record = (['source_system'] + key) | join(', ') -%}
{%- set columns = key + tracked + carried -%}
of_nights as (
    {{ newest_of_each_night(record) }}
),

tonight as (
    select
        of_nights.source_system,
        {{- _columns_of('of_nights', columns) }}
        of_nights.batch_date,
        of_nights.modified_at,
        {{ told_at }} as told_at,
        false as is_absent
    from of_nights
    union all
    select
        known.source_system,
        {{- _columns_of('known', columns) }}
        missing.batch_date,
        cast(null as timestamp) as modified_at,
        cast(null as timestamp) as told_at,
        true as is_absent
    from known
    inner join missing
        on {{ _same_record('known', 'missing', key) }}
),

compared as (
    select
        tonight.*,
        known.version_number as known_version_number,
        known.known_at as known_before_at,
        known.last_stamp as earlier_stamp,
        known.absent_so_far_at,
        coalesce(tonight.modified_at < known.last_stamp, false) as is_stale,
        known.version_number is null
        or {% for column in tracked -%}
        known.{{ column }} is distinct from tonight.{{ column }}
        or {% endfor -%}
        known.is_absent <> tonight.is_absent as is_start
    from tonight
    left join known
        on {{ _same_record('tonight', 'known', key) }}
),

versions as (
    select
        source_system,
        {{ columns | join(', ') }},
        batch_date,
        modified_at,
        is_absent,
        cast(coalesce(known_version_number, 0) + 1 as integer) as version_number,
        greatest(
            known_before_at,
            case
                when
                    told_at > {{ _latest_of('earlier_stamp', 'absent_so_far_at') }}
                    then told_at
                else {{ start_of_day('batch_date') }}
            end
        ) as known_at,
        greatest(modified_at, earlier_stamp) as last_stamp,
        greatest(
            absent_so_far_at, case when is_absent then {{ start_of_day('batch_date') }} end
        ) as absent_so_far_at
    from compared
    where is_start and not is_stale
    union all
    -- A version that goes on, with a newer stamp.
    select
        known.source_system,
        {{- _columns_of('known', columns) }}
        known.batch_date,
        known.modified_at,
        known.is_absent,
        known.version_number,
        known.known_at,
        greatest(compared.modified_at, known.last_stamp) as last_stamp,
        known.absent_so_far_at
    from known
    inner join compared
        on {{ _same_record('known', 'compared', key) }}
    where not compared.is_start and compared.modified_at > coalesce(
        known.last_stamp, cast('1900-01-01' as timestamp)
    )
)
{%- endmacro %}
