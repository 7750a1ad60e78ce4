{#-
    What HubSpot says in another way than canonical tables do, and several staging models need:
    stages and pipelines by id or by label, owners by id or by name, merged records, associations.
    Each macro is the body of a CTE.
-#}

{#- Every stage of every pipeline, in its newest version. -#}
{% macro hubspot_stages() -%}
    {{ newest_versions(source('hubspot', 'pipeline_stage'), ['pipelineId', 'stageId']) }}
{%- endmacro %}

{#-
    The stage that each pair of texts means: `pipeline_text` ('' where nothing is said) and
    `stage_text` of a CTE against the CTE `stages`. One row a pair that means one stage and no
    other, with `pipeline` and `stage`.

    A stage that the named pipeline does not list may have moved with a pipeline that was named a
    moment later: it is found where no other pipeline lists it either. A mere label is not enough
    for that, since `Closed Won` is the name of a stage in most pipelines.
-#}
{% macro hubspot_named_stages(pairs) -%}
    select
        pipeline_text,
        stage_text,
        pipeline,
        stage
    from (
        select
            *,
            row_number() over (
                partition by pipeline_text, stage_text
                order by
                    is_elsewhere, distance, is_archived, pipeline_order, pipeline, stage_order, stage
            ) as place,
            count(*) over (partition by pipeline_text, stage_text, is_elsewhere, distance)
                as rival_count
        from (
            select
                pairs.pipeline_text,
                pairs.stage_text,
                stages.pipelineId as pipeline,
                stages.stageId as stage,
                case
                    when pairs.pipeline_text in (stages.pipelineId, stages.pipelineLabel) then 0
                    else 1
                end as is_elsewhere,
                case
                    when pairs.stage_text = stages.stageId then 0
                    when pairs.stage_text = stages.label then 2
                    else 1
                end as distance,
                coalesce(stages.archived, false) or coalesce(stages.pipelineArchived, false)
                    as is_archived,
                stages.pipelineDisplayOrder as pipeline_order,
                stages.displayOrder as stage_order
            from (
                select distinct
                    pipeline_text,
                    stage_text
                from {{ pairs }}
            ) as pairs
            inner join stages
                on
                    pairs.stage_text in (
                        stages.stageId,
                        stages.label,
                        stages.label || ' (' || stages.pipelineLabel || ')'
                    )
        ) as candidates
    ) as ranked
    where
        place = 1
        and (
            is_elsewhere = 0
            or (rival_count = 1 and (pipeline_text = '' or distance < 2))
        )
{%- endmacro %}

{#- Whom each text means: `said` is an owner's id, name or e-mail address that no other has. -#}
{% macro hubspot_owners_said() -%}
    select
        said,
        min(owner_id) as owner_id
    from (
        select
            id as owner_id,
            id as said
        from {{ source('hubspot', 'owner') }}
        union
        select
            id,
            {{ full_name('firstName', 'lastName') }}
        from {{ source('hubspot', 'owner') }}
        union
        select
            id,
            email
        from {{ source('hubspot', 'owner') }}
    ) as names
    where said is not null
    group by said
    having count(distinct owner_id) = 1
{%- endmacro %}

{#-
    Which campaign each text means: `said` is a campaign's id, its number or a name that no other has.
    Properties of contacts and deals name campaigns in any of these ways.
-#}
{% macro hubspot_campaigns_said() -%}
    select
        said,
        min(campaign_id) as campaign_id
    from (
        select
            id as campaign_id,
            id as said
        from {{ source('hubspot', 'campaign') }}
        union
        select
            id,
            hs_object_id
        from {{ source('hubspot', 'campaign') }}
        union
        select
            id,
            hs_name
        from {{ source('hubspot', 'campaign') }}
    ) as names
    where said is not null
    group by said
    having count(distinct campaign_id) = 1
{%- endmacro %}

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
            {{ rows }}.*,
            {{ spans }}.first_date,
            row_number() over (
                partition by {{ spans }}.merged_id, {{ spans }}.first_date
                order by
                    {{ rows }}.hs_lastmodifieddate desc nulls last,
                    {{ rows }}._batch_date desc,
                    {{ rows }}._load_number desc,
                    {{ rows }}._row_number desc
            ) as place
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
    ) as placed
    where place = 1
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
    their own, which may be the same ones, and always stand beside a type of HubSpot's.
-#}
{% macro _hubspot_typed_associations() -%}
    {%- set types -%}
        case
            when typeId like '[%' then replace(typeId, ' ', '')
            when coalesce(category, 'HUBSPOT_DEFINED') = 'HUBSPOT_DEFINED'
                then '"HUBSPOT_DEFINED","typeId":' || typeId
        end
    {%- endset -%}
    {{ split_matches(
        source('hubspot', 'association'),
        [
            'fromId',
            'toId',
            "coalesce(label, " ~ first_match('typeId', '"label":"([^"]+)"') ~ ") as label",
            '_batch_date',
        ],
        types,
        '"HUBSPOT_DEFINED","typeId":([0-9]+)',
        'type_id',
    ) }}
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
