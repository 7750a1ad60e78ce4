-- One row a change of a deal's stage, amount or close date: the state after the change.
--
-- HubSpot keeps versions of single properties. Each window runs over the versions of one property
-- of one deal, and the pipeline is the one the deal was in then, not the one it is in now.
with

deals as (
    {{ newest_versions(source('hubspot', 'deal'), ['id'], 'hs_lastmodifieddate') }}
),

stage_words as (
    {{ hubspot_stage_words() }}
),

users as (
    {{ hubspot_owners_of_users() }}
),

versions as (
    select * from {{ ref('base_hubspot__deal_property_history') }}
    where property <> 'hubspot_owner_id'
),

-- An empty text stands for a property that was cleared.
states as (
    select
        id,
        property,
        changed_at,
        source_type,
        user_id,
        batch_date,
        dense_rank() over (partition by id order by changed_at) as sequence,
        {{ last_known("case when property = 'dealstage' then value end", 'id', 'changed_at') }}
            as stage_text,
        {{ last_known("case when property = 'pipeline' then value end", 'id', 'changed_at') }}
            as pipeline_text,
        nullif({{ last_known("case when property = 'amount' then coalesce(value, '') end",
                             'id', 'changed_at') }}, '') as amount_text,
        nullif({{ last_known("case when property = 'closedate' then coalesce(value, '') end",
                             'id', 'changed_at') }}, '') as close_text,
        nullif({{ last_known(
            "case when property = 'hs_manual_forecast_category' then coalesce(value, '') end",
            'id', 'changed_at') }}, '') as forecast_category
    from versions
),

changes as (
    select
        id,
        changed_at,
        max(sequence) as sequence,
        max(stage_text) as stage_text,
        max(pipeline_text) as pipeline_text,
        max(amount_text) as amount_text,
        max(close_text) as close_text,
        max(forecast_category) as forecast_category,
        max(case when property = 'dealstage' then source_type end) as source_type,
        max(user_id) as user_id,
        max(batch_date) as batch_date
    from states
    where property in ('dealstage', 'amount', 'closedate') and stage_text is not null
    group by id, changed_at
),

placed as (
    select
        changes.*,
        coalesce(changes.pipeline_text, deals.pipeline, '') as said_pipeline
    from changes
    left join deals on changes.id = deals.id
),

said_stages as (
    select
        said_pipeline as pipeline_text,
        stage_text,
        batch_date
    from placed
),

named_stages as (
    {{ hubspot_named_stages('said_stages') }}
),

final as (
    select
        'hubspot' as source_system,
        placed.id || ':' || {{ milliseconds_text('placed.changed_at') }} as history_id,
        placed.id as opportunity_id,
        coalesce(named_stages.stage, placed.stage_text) as stage,
        placed.changed_at,
        placed.sequence,
        coalesce(named_stages.pipeline, nullif(placed.said_pipeline, '')) as pipeline,
        users.owner_id as actor_id,
        {{ try_cast('placed.amount_text', 'decimal(24, 6)') }} as amount,
        {{ business_date(instant_of('placed.close_text')) }} as close_date,
        cast(null as double) as probability,
        placed.forecast_category,
        coalesce(
            placed.source_type like 'MIGRATION%'
            or placed.source_type like 'IMPORT%'
            or placed.source_type like 'MERGE%',
            false
        ) as is_migration
    from placed
    left join named_stages
        on
            placed.said_pipeline = named_stages.pipeline_text
            and placed.stage_text = named_stages.stage_text
            and placed.batch_date = named_stages.batch_date
    left join users on placed.user_id = users.user_id
)

select * from final
