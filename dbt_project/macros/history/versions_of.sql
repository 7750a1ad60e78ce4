{#-
    Versions of records over all nights (versions.sql): the body of several CTEs, the last of which
    is `versions`, from the CTEs `observations` and `full_nights` (`source_system`, `batch_date`:
    nights whose extract was whole).

    Most records of a first extract were seen once and never missed. Their one version is what was
    seen, and they are left out of all that has to be sorted, which is most of the time. Records are
    told apart by a hash: two that share one only count among those to be sorted.
-#}
{% macro versions_of(key, tracked, carried, told_at='modified_at') -%}
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
        {{ told_at }} as told_at,
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
        cast(null as timestamp) as told_at,
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
                    told_at > {{ _latest_of('earlier_stamp', 'absent_so_far_at') }}
                    then told_at
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
            when {{ told_at }} > {{ _before_all() }} then {{ told_at }}
            else {{ start_of_day('batch_date') }}
        end as known_at,
        modified_at as last_stamp,
        cast(null as timestamp) as absent_so_far_at
    from seen
    where is_only_version
)
{%- endmacro %}
