{#-
    What HubSpot says in another way than canonical tables do, and several staging models need:
    stages and pipelines by id or by label, owners by id or by name, campaigns in three ways, histories
    of properties. Each macro is the body of a CTE.

    Does not belong here: merged records (hubspot_mergers.sql), what belongs to what
    (hubspot_associations.sql).
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
