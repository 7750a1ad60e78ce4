{#-
    The newest of what nights delivered of each record. Observations come with `batch_date` (the
    night), `load_number` and `row_number` (their place in it), and the CRM's own stamp where it has
    one. What becomes of them over time: versions.sql.

    A night is newer than those before, unless its stamp is older than one of theirs: then it is
    stale. A night without a stamp is not, because nothing says that it is older.
-#}

{#-
    The newest observation of each record, by the model's `unique_key`, with the last night that
    delivered the record at all and, of objects with stamps, the newest of them (`last_stamp`), which
    may be that of an earlier night. In a later night what the model holds of the records already is
    an observation like the new ones.
-#}
{% macro newest_observations(observations, stamp=none) -%}
    {%- set key = config.get('unique_key') -%}
    {%- if is_later_night() -%}
    {%- set delivered -%}
        select
            *,
            {{ _seen_at(stamp) }}
        from {{ observations }}
        union all by name
        select * from {{ rows_with_key_in(this, observations, key) }}
    {%- endset -%}
    {{ return(adapter.dispatch('newest_of', 'flywheel')(delivered, key, stamp)) }}
    {%- else -%}
    {{ newest_of_all(observations, key, stamp) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The same of observations that are read whole. Most records came once, and to sort all of them for
    the few that came again takes half as long again. Records are told apart by a hash: two that
    share one only count among those to be sorted.
-#}
{% macro newest_of_all(observations, key, stamp=none) -%}
    {%- set delivered -%}
        select
            *,
            {{ _seen_at(stamp) }}
        from {{ observations }} as observed
        where {{ row_hash(key) }} in (select record_hash from repeated)
    {%- endset -%}
    with repeated as (
        select {{ row_hash(key) }} as record_hash
        from {{ observations }}
        group by {{ row_hash(key) }}
        having count(*) > 1
    )

    select
        *,
        {{ _seen_at(stamp) }}
    from {{ observations }} as observed
    where {{ row_hash(key) }} not in (select record_hash from repeated)
    union all
    {{ adapter.dispatch('newest_of', 'flywheel')(delivered, key, stamp) }}
{%- endmacro %}

{% macro _seen_at(stamp) -%}
    batch_date as last_seen_date
    {%- if stamp %},
    {{ stamp }} as last_stamp
    {%- endif %}
{%- endmacro %}

{% macro default__newest_of(delivered, key, stamp) -%}
    {%- set record = key | join(', ') -%}
    select * exclude (place, newest_seen_date{{ ', night_stamp, newest_stamp' if stamp }})
        replace (
            newest_seen_date as last_seen_date{{ ', newest_stamp as last_stamp' if stamp }}
        )
    from (
        select
            *,
            row_number() over (
                partition by {{ record }}
                order by {{ newest_first(stamp, 'batch_date', 'load_number', 'row_number') }}
            ) as place
        from (
            select
                *,
                {%- if stamp %}
                {{ newest_stamps('last_stamp', record, 'batch_date') }},
                {%- endif %}
                max(last_seen_date) over (partition by {{ record }}) as newest_seen_date
            from (
                {{ delivered }}
            ) as delivered
        ) as stamped
    ) as placed
    where place = 1
{%- endmacro %}

{#- What `newest_first` needs to know of each row besides its own stamp. -#}
{% macro newest_stamps(stamp, record, night) -%}
    max({{ stamp }}) over (partition by {{ record }}, {{ night }}) as night_stamp,
    max({{ stamp }}) over (partition by {{ record }}) as newest_stamp
{%- endmacro %}

{#- The order of one record's rows. Of two in one night, the one that has a stamp comes first. -#}
{% macro newest_first(stamp, night, load, row) -%}
    {% if stamp -%}
    case when night_stamp < newest_stamp then 1 else 0 end,
    {{ night }} desc,
    {{ stamp }} desc nulls last,
    {%- else -%}
    {{ night }} desc,
    {%- endif %}
    {{ load }} desc,
    {{ row }} desc
{%- endmacro %}
