-- One row a stage of a pipeline, over all sources. Open stages are ranked from 1 in their order.
with

listed as (
    {{ union_of(
        [
            'source_system', 'pipeline', 'pipeline_label', 'stage', 'stage_label', 'sort_order',
            'kind', 'default_probability', 'is_active', 'is_qualifying', 'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__opportunity_stages'),
                'lacking': {
                    'pipeline_label': 'pipeline', 'is_qualifying': 'cast(null as boolean)'
                },
            },
            {
                'rows': ref('stg_hubspot__stages'),
                'lacking': {'is_qualifying': 'cast(null as boolean)'},
            },
            {
                'rows': ref('stg_mapped__stages'),
                'lacking': {'pipeline_label': 'pipeline', 'is_active': 'true'},
            },
        ],
    ) }}
),

-- A source has one of these objects and no other.
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name in ('opportunity_stage', 'pipeline_stage', 'stages')
),

-- A stage that stands for another one, and always did, is none.
renamed as (
    select * from {{ ref('stg_flywheel__stage_map') }}
    where first_date <= cast('1900-01-01' as date) and last_date >= cast('9999-12-31' as date)
),

all_stages as (
    select
        listed.source_system,
        listed.pipeline,
        listed.pipeline_label,
        listed.stage,
        listed.stage_label,
        listed.sort_order,
        listed.kind,
        listed.default_probability,
        -- A stage that the newest full list no longer names is history.
        listed.is_active
        and coalesce(listed.last_seen_date >= full_extracts.batch_date, true) as is_active,
        listed.is_qualifying
    from listed
    left join full_extracts
        on listed.source_system = full_extracts.source_system
    left join renamed
        on
            listed.source_system = renamed.source_system
            and listed.pipeline = renamed.pipeline
            and listed.stage = renamed.stage
    where renamed.stage is null
),

ranked as (
    select
        *,
        case
            when kind = 'open'
                then row_number() over (
                    partition by source_system, pipeline, kind
                    order by sort_order, stage
                )
        end as stage_rank
    from all_stages
),

qualifying as (
    select
        source_system,
        pipeline,
        coalesce(
            min(case when is_qualifying then stage_rank end),
            least({{ var('qualified_rank') }}, max(stage_rank))
        ) as qualified_rank
    from ranked
    group by source_system, pipeline
),

final as (
    select
        ranked.source_system,
        ranked.pipeline,
        {{ key_of('ranked.source_system', 'ranked.pipeline') }} as pipeline_key,
        ranked.pipeline_label as pipeline_name,
        {{ key_of('ranked.source_system', "ranked.pipeline || ':' || ranked.stage") }} as stage_key,
        ranked.stage as stage_id,
        ranked.stage_label as stage_name,
        cast(ranked.stage_rank as integer) as stage_rank,
        ranked.kind as stage_kind,
        ranked.default_probability,
        ranked.is_active,
        cast(qualifying.qualified_rank as integer) as qualified_rank,
        -- How stages sort when several are entered in one second: open ones by rank, then the end.
        coalesce(ranked.stage_rank, case ranked.kind when 'lost' then 1000000 else 1000001 end)
            as tie_rank
    from ranked
    inner join qualifying
        on
            ranked.source_system = qualifying.source_system
            and ranked.pipeline = qualifying.pipeline
)

select * from final
