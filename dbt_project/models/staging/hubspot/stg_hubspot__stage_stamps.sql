-- One row a deal × stage that HubSpot stamped: when the deal entered it, as columns of it say.
--
-- HubSpot keeps one stamp a stage, so a stage that was entered twice is in here once: no history,
-- but all there is where no history was delivered. The columns differ from portal to portal.
{%- set stamp_columns = hubspot_stamp_columns() %}
with

{% if stamp_columns %}
deals as (
    {{ newest_versions(source('hubspot', 'deal'), ['id'], 'hs_lastmodifieddate') }}
),

stage_words as (
    {{ hubspot_stage_words() }}
),

stamps as (
    {{ unpivot(
        'deals', ['id', 'pipeline as pipeline_text', '_batch_date as batch_date'],
        stamp_columns, 'column_name', 'value'
    ) }}
),

-- By id (`hs_v2_date_entered_123`), or by label: `Date entered "Demo (Sales)"`.
named as (
    select
        stage_words.*,
        {{ column_name_of('stage_words.stageId') }} as name_by_id,
        {{ column_name_of(
            "'Date entered ' || stage_words.label || ' (' || stage_words.pipelineLabel || ')'"
        ) }} as column_by_label
    from stage_words
),

-- Pipelines may share ids of stages; a stamp then is of the pipeline that the deal is in.
placed as (
    select
        stamps.id,
        named.pipelineId as pipeline,
        named.stageId as stage,
        {{ instant_of('stamps.value') }} as changed_at,
        row_number() over (
            partition by stamps.id, stamps.column_name
            order by
                case
                    when stamps.pipeline_text in (named.pipelineId, named.pipelineLabel) then 0
                    else 1
                end,
                case when named.archived then 1 else 0 end,
                named.pipelineDisplayOrder,
                named.pipelineId
        ) as place
    from stamps
    inner join named
        on
            stamps.column_name in (
                {%- for prefix in hubspot_stamp_prefixes() %}
                '{{ prefix }}' || named.name_by_id,
                {%- endfor %}
                named.column_by_label
            )
            and stamps.batch_date >= named.first_date
            and (named.end_date is null or stamps.batch_date < named.end_date)
    where stamps.value is not null
),

final as (
    select
        'hubspot' as source_system,
        id as opportunity_id,
        pipeline,
        stage,
        min(changed_at) as changed_at
    from placed
    where place = 1 and changed_at is not null
    group by id, pipeline, stage
)
{%- else %}
final as (
    select
        'hubspot' as source_system,
        id as opportunity_id,
        pipeline,
        dealstage as stage,
        createdate as changed_at
    from {{ source('hubspot', 'deal') }}
    where false
)
{%- endif %}

select * from final
