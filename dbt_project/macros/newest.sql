{#-
    The newest of what nights delivered of each record. Observations come with `batch_date` (the
    night), `load_number` and `row_number` (their place in it), and the CRM's own stamp where it has
    one. What becomes of them over time: versions.sql.
-#}

{#-
    The newest observation of each record, by the model's `unique_key`, with the last night that
    delivered the record at all. In a later night what the model holds of the records already is an
    observation like the new ones, so that the order of nights does not matter.
-#}
{% macro newest_observations(observations, stamp=none) -%}
    {%- set key = config.get('unique_key') -%}
    {%- if is_later_night() -%}
    {%- set delivered -%}
        select
            *,
            batch_date as last_seen_date
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
            batch_date as last_seen_date
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
        batch_date as last_seen_date
    from {{ observations }} as observed
    where {{ row_hash(key) }} not in (select record_hash from repeated)
    union all
    {{ adapter.dispatch('newest_of', 'flywheel')(delivered, key, stamp) }}
{%- endmacro %}

{% macro default__newest_of(delivered, key, stamp) -%}
    select * exclude (place, newest_seen_date) replace (newest_seen_date as last_seen_date)
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {% if stamp %}{{ stamp }} desc nulls last,{% endif %}
                    batch_date desc, load_number desc, row_number desc
            ) as place,
            max(last_seen_date) over (partition by {{ key | join(', ') }}) as newest_seen_date
        from (
            {{ delivered }}
        ) as delivered
    ) as placed
    where place = 1
{%- endmacro %}
