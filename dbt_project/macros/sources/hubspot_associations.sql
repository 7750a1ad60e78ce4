{#-
    What HubSpot's records belong to, as pages of the API, calls of their own or exports say it. Each
    macro is the body of a CTE.
-#}

{#-
    What the records of one kind (`deals`, `line_items` or `engagements`) are associated with: one row
    a pair, with `from_id`, `to_object`, `to_id`, `is_primary` (1 or 0), `label` and `_batch_date`.

    `pages` is the object that holds associations as pages of these records do, `records` the objects
    of the same pages. Only the newest night that brought a record and any associations counts: what
    is no longer associated must not come back from an older night.
-#}
{% macro hubspot_associations(from_object, pages, records) -%}
    select
        from_id,
        to_object,
        to_id,
        max(is_primary) as is_primary,
        max(label) as label,
        max(_batch_date) as _batch_date
    from (
        select
            pages.id as from_id,
            pages.to_object,
            pages.to_id,
            case when pages.type in ('deal_to_company', 'deal_to_primary_company') then 1 else 0 end
                as is_primary,
            cast(null as varchar) as label,
            pages._batch_date
        from {{ source('hubspot', pages) }} as pages
        inner join (
            select
                records.id,
                max(records._batch_date) as newest_night
            from (
                {%- for record in records %}
                select
                    id,
                    _batch_date
                from {{ source('hubspot', record) }}
                {{- ' union all' if not loop.last }}
                {%- endfor %}
            ) as records
            inner join (
                select distinct _batch_date
                from {{ source('hubspot', pages) }}
            ) as nights
                on records._batch_date = nights._batch_date
            group by records.id
        ) as delivered
            on pages.id = delivered.id and pages._batch_date = delivered.newest_night
        union all
        select
            case when is_reversed = 1 then toId else fromId end,
            other_object,
            case when is_reversed = 1 then fromId else toId end,
            is_primary,
            label,
            _batch_date
        from (
            select
                typed.*,
                kinds.other_object,
                kinds.is_primary,
                kinds.is_reversed,
                rank() over (
                    partition by typed.fromId, kinds.other_object, kinds.is_reversed
                    order by typed._batch_date desc
                ) as age
            from (
                {{ _hubspot_typed_associations() }}
            ) as typed
            inner join (
                {{ _hubspot_association_kinds(from_object) }}
            ) as kinds
                on typed.type_id = kinds.type_id
        ) as pairs
        where age = 1
    ) as associations
    group by from_id, to_object, to_id
{%- endmacro %}

{#-
    Associations of API v4, once for each type that HubSpot itself defines. The API gives the types of
    a pair as a JSON list, a table gives one in a row. Types that a portal defines have numbers of
    their own, which may be the same ones, and always stand beside a type of HubSpot's. In what order
    a type says its number, its label and who defined it is left to the program that wrote it.
-#}
{% macro _hubspot_typed_associations() -%}
    {%- set types -%}
        case
            when typeId like '[%' then replace(typeId, ' ', '')
            when coalesce(category, 'HUBSPOT_DEFINED') = 'HUBSPOT_DEFINED'
                then '{"HUBSPOT_DEFINED","typeId":' || typeId || '}'
        end
    {%- endset -%}
    select
        fromId,
        toId,
        label,
        _batch_date,
        {{ first_match('type_text', '"typeId":([0-9]+)') }} as type_id
    from (
        {{ split_matches(
            source('hubspot', 'association'),
            [
                'fromId',
                'toId',
                "coalesce(label, " ~ first_match('typeId', '"label": ?"([^"]+)"') ~ ") as label",
                '_batch_date',
            ],
            types,
            '([{][^{}]*"HUBSPOT_DEFINED"[^{}]*[}])',
            'type_text',
        ) }}
    ) as types_of_hubspot
{%- endmacro %}

{#- HubSpot's own types of association between records of one kind and others, either way round. -#}
{% macro _hubspot_association_kinds(from_object) -%}
    {%- set kinds = {
        'deals': [
            ('companies', [5, 341], [6, 342]),
            ('contacts', [3], [4]),
        ],
        'line_items': [
            ('deals', [20], [19]),
        ],
        'engagements': [
            ('deals', [206, 210, 212, 214, 216], [205, 209, 211, 213, 215]),
            ('contacts', [194, 198, 200, 202, 204], [193, 197, 199, 201, 203]),
            ('companies', [182, 186, 188, 190, 192], [181, 185, 187, 189, 191]),
        ],
    } -%}
    {%- set primary = [5, 6] -%}
    {%- set rows = [] -%}
    {%- for other_object, forward, backward in kinds[from_object] -%}
        {%- for type_id in forward -%}
            {%- do rows.append((type_id, other_object, 0)) -%}
        {%- endfor -%}
        {%- for type_id in backward -%}
            {%- do rows.append((type_id, other_object, 1)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for type_id, other_object, is_reversed in rows %}
    select
        '{{ type_id }}' as type_id,
        '{{ other_object }}' as other_object,
        {{ 1 if type_id in primary else 0 }} as is_primary,
        {{ is_reversed }} as is_reversed
    {{- ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
