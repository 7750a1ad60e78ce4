{#-
    Versions of records: what nights delivered, one observation a night, put in order.

    Observations come with `batch_date` (the night), `load_number` and `row_number` (their place in
    it) and `modified_at` (the CRM's own stamp, or NULL).
-#}

{#-
    Versions of records, from the CTE `observations`. A version begins where one of the `tracked`
    columns differs from the version before, or where the record is missing from a full night
    (`is_absent`). It comes with `version_number`, `known_at`, the instant of the change,
    `last_stamp`, the newest stamp of the CRM up to its end, and `absent_so_far_at`, the last absence.
    The `carried` columns go along without making a version.

    Both macros are the body of several CTEs, the last of which is `versions`. The first reads all
    nights, and the CTE `full_nights` (`source_system`, `batch_date`: nights whose extract was
    whole); the second only one new night, with the CTEs `known` (the newest version of each record
    so far, of those that the night delivered or lacks) and `missing` (the key of those it lacks,
    and the night's `batch_date`).

    Most records of a first extract were seen once and never missed. Their one version is what was
    seen, and they are left out of all that has to be sorted, which is most of the time. Records are
    told apart by a hash: two that share one only count among those to be sorted.
-#}
{% macro versions_of(key, tracked, carried) -%}
{%- set observed_key = [] -%}
{%- for column in key -%}
    {%- do observed_key.append('observations.' ~ column) -%}
{%- endfor -%}
{%- set record = (['source_system'] + key) | join(', ') -%}
{%- set columns = (key + tracked + carried) | join(', ') -%}
-- The first full night after each night that delivered anything.
nights as (
    select
        delivered.source_system,
        delivered.batch_date,
        min(full_nights.batch_date) as next_full_date
    from (
        select distinct
            source_system,
            batch_date
        from observations
    ) as delivered
    inner join full_nights
        on
            delivered.source_system = full_nights.source_system
            and delivered.batch_date < full_nights.batch_date
    group by delivered.source_system, delivered.batch_date
),

repeated as (
    select {{ row_hash(['source_system'] + key) }} as record_hash
    from observations
    group by {{ row_hash(['source_system'] + key) }}
    having count(*) > 1
),

seen as (
    select
        observations.*,
        nights.next_full_date is null
        and {{ row_hash(['observations.source_system'] + observed_key) }}
        not in (select record_hash from repeated) as is_only_version
    from observations
    left join nights
        on
            observations.source_system = nights.source_system
            and observations.batch_date = nights.batch_date
),

seen_again as (
    select * from seen
    where not is_only_version
),

of_nights as (
    {{ newest_of_each_night(record, 'seen_again') }}
),

in_order as (
    select
        *,
        lead(batch_date) over by_night as next_seen_date,
        max(modified_at) over (
            partition by {{ record }}
            order by batch_date
            rows between unbounded preceding and 1 preceding
        ) as earlier_stamp
    from of_nights
    window by_night as (partition by {{ record }} order by batch_date)
),

absences as (
    select
        in_order.*,
        nights.next_full_date
    from in_order
    inner join nights
        on
            in_order.source_system = nights.source_system
            and in_order.batch_date = nights.batch_date
    where in_order.next_seen_date is null or nights.next_full_date < in_order.next_seen_date
),

states as (
    select
        source_system,
        {{ columns }},
        batch_date,
        modified_at,
        earlier_stamp,
        false as is_absent
    from in_order
    -- An observation with an older stamp than one before it is stale.
    where modified_at is null or earlier_stamp is null or modified_at >= earlier_stamp
    union all
    select
        source_system,
        {{ columns }},
        next_full_date as batch_date,
        cast(null as timestamp) as modified_at,
        greatest(earlier_stamp, modified_at) as earlier_stamp,
        true as is_absent
    from absences
),

compared as (
    select
        *,
        lag(batch_date) over by_night is null
        or {% for column in tracked -%}
        lag({{ column }}) over by_night is distinct from {{ column }}
        or {% endfor -%}
        lag(is_absent) over by_night <> is_absent as is_start
    from states
    window by_night as (partition by {{ record }} order by batch_date, is_absent)
),

numbered as (
    select
        *,
        sum(case when is_start then 1 else 0 end) over so_far as version_number,
        max(greatest(modified_at, earlier_stamp)) over so_far as stamp_so_far,
        -- The last instant before which a stamp tells of something older.
        max(case when is_absent then {{ start_of_day('batch_date') }} end) over so_far
            as absent_so_far_at
    from compared
    window so_far as (
        partition by {{ record }}
        order by batch_date, is_absent
        rows between unbounded preceding and current row
    )
),

with_last_stamp as (
    select
        *,
        max(stamp_so_far) over (partition by {{ record }}, version_number) as last_stamp
    from numbered
),

versions as (
    select
        source_system,
        {{ columns }},
        batch_date,
        modified_at,
        is_absent,
        cast(version_number as integer) as version_number,
        max(
            case
                when
                    modified_at > {{ _latest_of('earlier_stamp', 'absent_so_far_at') }}
                    then modified_at
                else {{ start_of_day('batch_date') }}
            end
        ) over (
            partition by {{ record }}
            order by version_number
            rows between unbounded preceding and current row
        ) as known_at,
        last_stamp,
        absent_so_far_at
    from with_last_stamp
    where is_start
    union all
    select
        source_system,
        {{ columns }},
        batch_date,
        modified_at,
        false as is_absent,
        1 as version_number,
        case
            when modified_at > {{ _before_all() }} then modified_at
            else {{ start_of_day('batch_date') }}
        end as known_at,
        modified_at as last_stamp,
        cast(null as timestamp) as absent_so_far_at
    from seen
    where is_only_version
)
{%- endmacro %}

{% macro versions_after(key, tracked, carried) -%}
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
        false as is_absent
    from of_nights
    union all
    select
        known.source_system,
        {{- _columns_of('known', columns) }}
        missing.batch_date,
        cast(null as timestamp) as modified_at,
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
                    modified_at > {{ _latest_of('earlier_stamp', 'absent_so_far_at') }}
                    then modified_at
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

{#-
    The body of CTEs that ends in `versions`, whichever night it is: from the CTEs `observations`,
    `full_nights` and `newest` (records with their `last_seen_date`, of sources whose extracts can
    lack one). A later night goes on from what the model itself holds.
-#}
{% macro versions_by_night(key, tracked, carried) -%}
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

{{ versions_after(key, tracked, carried) }}
{%- else -%}
{{ versions_of(key, tracked, carried) }}
{%- endif -%}
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
