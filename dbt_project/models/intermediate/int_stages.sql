-- One row a stage of a pipeline, over all sources. Open stages are ranked from 1 in their order.
with

salesforce_stages as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
),

mapped_stages as (
    select * from {{ ref('stg_mapped__stages') }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name = 'stages'
),

all_stages as (
    select
        source_system,
        pipeline,
        stage,
        stage_label,
        sort_order,
        kind,
        default_probability,
        is_active,
        cast(null as boolean) as is_qualifying
    from salesforce_stages
    union all
    select
        mapped_stages.source_system,
        mapped_stages.pipeline,
        mapped_stages.stage,
        mapped_stages.stage_label,
        mapped_stages.sort_order,
        mapped_stages.kind,
        mapped_stages.default_probability,
        -- A stage that the newest full list no longer names is history.
        coalesce(mapped_stages.last_batch_date = full_extracts.batch_date, true) as is_active,
        mapped_stages.is_qualifying
    from mapped_stages
    left join full_extracts
        on mapped_stages.source_system = full_extracts.source_system
),

ranked as (
    select
        *,
        case
            when kind = 'open' then
                row_number() over (
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
        {{ key_of('ranked.source_system', 'ranked.pipeline') }} as pipeline_key,
        ranked.pipeline as pipeline_name,
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
