{#-
    What texts mean that name something of HubSpot: stages and pipelines by id or by label, owners by
    id or by name, campaigns in three ways. The API sends ids, exports send words; and words are those
    of the night that sent them: a stage may be renamed, and a name taken over. Each macro is the body
    of a CTE.

    Does not belong here: what a stage or an owner is today (hubspot.sql, staging).
-#}

{#-
    What every stage was called, and when: one row a stage × interval of nights [`first_date`,
    `end_date`) in which what it is told by stayed. What a stage was first called holds for all before.
-#}
{% macro hubspot_stage_words() -%}
    {%- set words = [
        'label', 'pipelineLabel', 'archived', 'pipelineArchived', 'pipelineDisplayOrder',
        'displayOrder',
    ] -%}
    select
        pipelineId,
        stageId,
        {%- for word in words %}
        {{ word }},
        {%- endfor %}
        case when place = 1 then cast('0001-01-01' as date) else _batch_date end as first_date,
        lead(_batch_date) over (partition by pipelineId, stageId order by _batch_date) as end_date
    from (
        select
            *,
            row_number() over (partition by pipelineId, stageId order by _batch_date) as place
        from (
            select
                *,
                lag(told) over (partition by pipelineId, stageId order by _batch_date)
                    as told_before
            from (
                select
                    *,
                    {{ row_hash(words) }} as told
                from ({{ newest_versions(
                    source('hubspot', 'pipeline_stage'), ['pipelineId', 'stageId', '_batch_date']
                ) }}) as of_nights
            ) as hashed
        ) as compared
        where told_before is null or told <> told_before
    ) as starts
{%- endmacro %}

{#-
    The stage that each pair of texts meant in a night: `pipeline_text` ('' where nothing is said),
    `stage_text` and `batch_date` of the CTE `said` against the CTE `stage_words`. One row a pair and
    night that means one stage and no other, with `pipeline` and `stage`.

    A stage that the named pipeline does not list may have moved with a pipeline that was named a
    moment later: it is found where no other pipeline lists it either. A mere label is not enough
    for that, since `Closed Won` is the name of a stage in most pipelines. What a stage was called in
    earlier nights counts where no stage is called so any more.
-#}
{% macro hubspot_named_stages(said) -%}
    select
        pipeline_text,
        stage_text,
        batch_date,
        pipeline,
        stage
    from (
        select
            *,
            row_number() over (
                partition by pipeline_text, stage_text, batch_date
                order by
                    is_elsewhere, distance, is_archived, pipeline_order, pipeline, stage_order, stage
            ) as place,
            count(*) over (
                partition by pipeline_text, stage_text, batch_date, is_elsewhere, distance
            ) as rival_count
        from (
            select
                pipeline_text,
                stage_text,
                batch_date,
                pipeline,
                stage,
                is_archived,
                pipeline_order,
                stage_order,
                is_elsewhere,
                distance,
                row_number() over (
                    partition by pipeline_text, stage_text, batch_date, pipeline, stage
                    order by is_elsewhere, distance, first_date desc
                ) as place_in_stage
            from (
                select
                    pairs.pipeline_text,
                    pairs.stage_text,
                    pairs.batch_date,
                    words.pipelineId as pipeline,
                    words.stageId as stage,
                    words.first_date,
                    case
                        when pairs.pipeline_text in (words.pipelineId, words.pipelineLabel) then 0
                        else 1
                    end as is_elsewhere,
                    case
                        when pairs.stage_text = words.stageId then 0
                        when pairs.stage_text = words.label then 2
                        else 1
                    end + case when words.end_date <= pairs.batch_date then 3 else 0 end as distance,
                    coalesce(words.archived, false) or coalesce(words.pipelineArchived, false)
                        as is_archived,
                    words.pipelineDisplayOrder as pipeline_order,
                    words.displayOrder as stage_order
                from (
                    select distinct
                        pipeline_text,
                        stage_text,
                        batch_date
                    from {{ said }}
                ) as pairs
                inner join stage_words as words
                    on
                        pairs.stage_text in (
                            words.stageId,
                            words.label,
                            words.label || ' (' || words.pipelineLabel || ')'
                        )
                        and words.first_date <= pairs.batch_date
            ) as matches
        ) as candidates
        where place_in_stage = 1
    ) as ranked
    where
        place = 1
        and (
            is_elsewhere = 0
            or (rival_count = 1 and (pipeline_text = '' or distance < 2))
        )
{%- endmacro %}

{#-
    Whom texts of some rows meant in the night that sent them: `said`, an owner's id, name or e-mail
    address that no other had, by `batch_date`. A name that no list had told so far is that of the
    owner who is first told by it.
-#}
{% macro hubspot_owners_said(rows, text='hubspot_owner_id', batch_date='_batch_date') -%}
    select
        said,
        batch_date,
        min(owner_id) as owner_id
    from (
        select
            texts.said,
            texts.batch_date,
            names.owner_id,
            dense_rank() over (
                partition by texts.said, texts.batch_date
                order by greatest(names.first_date, texts.batch_date)
            ) as place
        from (
            select distinct
                {{ text }} as said,
                {{ batch_date }} as batch_date
            from {{ rows }}
        ) as texts
        inner join (
            select
                owner_id,
                said,
                min(_batch_date) as first_date
            from (
                {%- for name in ['id', full_name('firstName', 'lastName'), 'email'] %}
                select
                    id as owner_id,
                    {{ name }} as said,
                    _batch_date
                from {{ source('hubspot', 'owner') }}
                {{- '\n                union all' if not loop.last }}
                {%- endfor %}
            ) as told
            group by owner_id, said
        ) as names
            on texts.said = names.said
    ) as placed
    where place = 1
    group by said, batch_date
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
