{#-
    Records of HubSpot that were merged into others: HubSpot says so in the record that survived, and
    delivers the other one no more. Each macro is the body of a CTE.
-#}

{#-
    Into which record each merged one went, from the newest versions of all records: the record that
    lists it and was not merged away itself, if there is one.
-#}
{% macro hubspot_mergers(versions) -%}
    select
        merged_id,
        survivor_id
    from (
        select
            mergers.*,
            row_number() over (
                partition by mergers.merged_id
                order by
                    case when gone.merged_id is null then 0 else 1 end,
                    mergers.hs_lastmodifieddate desc nulls last,
                    mergers.survivor_id
            ) as place
        from (
            {{ _hubspot_mergers(versions) }}
        ) as mergers
        left join (
            select distinct merged_id
            from (
                {{ _hubspot_mergers(versions) }}
            ) as listed
            where merged_id <> survivor_id
        ) as gone
            on mergers.survivor_id = gone.merged_id
        where mergers.merged_id <> mergers.survivor_id
    ) as ranked
    where place = 1
{%- endmacro %}

{#-
    The same over time, from all rows that ever came of the records: one row a merged record ×
    survivor, from the first night (`first_date`) whose record listed it to the night (`end_date`)
    that named another survivor. Of several that begin in one night, one that was not merged away
    itself counts.
-#}
{% macro hubspot_merger_spans(rows) -%}
    select
        merged_id,
        survivor_id,
        first_date,
        lead(first_date) over (partition by merged_id order by first_date) as end_date
    from (
        select
            listed.*,
            row_number() over (
                partition by listed.merged_id, listed.first_date
                order by
                    case when gone.merged_id is null then 0 else 1 end,
                    listed.survivor_id
            ) as place
        from (
            {{ _hubspot_listed_mergers(rows) }}
        ) as listed
        left join (
            select
                merged_id,
                min(first_date) as gone_date
            from (
                {{ _hubspot_listed_mergers(rows) }}
            ) as all_listed
            group by merged_id
        ) as gone
            on listed.survivor_id = gone.merged_id and listed.first_date >= gone.gone_date
    ) as ranked
    where place = 1
{%- endmacro %}

{#-
    What each merged record was when a night first said what it was merged into (`first_date`):
    HubSpot says so in the record that survived, and delivers the other one no more.
-#}
{% macro hubspot_merged_rows(rows, spans) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by id, first_date
                order by {{ newest_first(
                    'hs_lastmodifieddate', '_batch_date', '_load_number', '_row_number'
                ) }}
            ) as place
        from (
            select
                {{ rows }}.*,
                {{ spans }}.first_date,
                {{ newest_stamps(
                    'hs_lastmodifieddate', rows ~ '.id, ' ~ spans ~ '.first_date', '_batch_date'
                ) }}
            from {{ spans }}
            inner join {{ rows }}
                on
                    {{ spans }}.merged_id = {{ rows }}.id
                    and {{ spans }}.first_date >= {{ rows }}._batch_date
            {%- if is_later_night() %}
            where
                {{ spans }}.first_date in (
                    select nights.batch_date
                    from ({{ new_nights() }}) as nights
                    where nights.source_system = 'hubspot'
                )
            {%- endif %}
        ) as stamped
    ) as placed
    where place = 1
{%- endmacro %}

{#-
    What nights said of each record: `columns`, the CRM's own stamp, and the night and place of what
    was delivered; of what was merged, in the night that first said so, in a place that gives way to
    a row of its own in the same night.
-#}
{% macro hubspot_said(delivered, merged, columns) -%}
    select
        {{ columns | join(', ') }},
        hs_lastmodifieddate,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from {{ delivered }}
    union all
    select
        {{ columns | join(', ') }},
        cast(null as timestamp) as hs_lastmodifieddate,
        first_date as batch_date,
        -1 as load_number,
        -1 as row_number
    from {{ merged }}
{%- endmacro %}

{% macro _hubspot_listed_mergers(rows) -%}
    select
        merged_id,
        survivor_id,
        min(_batch_date) as first_date
    from (
        {{ split_list(
            rows, ['id as survivor_id', '_batch_date'], 'hs_merged_object_ids', 'merged_id'
        ) }}
    ) as parts
    where merged_id <> survivor_id
    group by merged_id, survivor_id
{%- endmacro %}

{% macro _hubspot_mergers(versions) -%}
    {{ split_list(
        versions, ['id as survivor_id', 'hs_lastmodifieddate'], 'hs_merged_object_ids', 'merged_id'
    ) }}
{%- endmacro %}
