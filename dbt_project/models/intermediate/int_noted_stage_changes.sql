-- One row a change of the stage that field history tells, of an opportunity without stage history,
-- in the columns of that history; and one a creation in the stage that the first of them found.
--
-- A change of the stage does not say in which pipeline it was made: where an opportunity was in
-- several, nights tell of it.
{{ config(materialized='ephemeral') }}
{%- set asked = {'key': ['source_system', 'opportunity_id'], 'is_kept': false} %}
with

-- HubSpot tells stages as its stage history and nowhere else.
field_history as (
    {{ union_of(
        field_history_columns(),
        [
            changed_rows(ref('stg_salesforce__opportunity_field_history'), **asked),
            changed_rows(ref('stg_mapped__opportunity_field_history'), **asked),
        ],
    ) }}
),

stage_history as (
    {{ union_of(
        ['source_system', 'opportunity_id'],
        [
            changed_rows(ref('stg_salesforce__opportunity_history'), **asked),
            changed_rows(ref('stg_mapped__opportunity_stage_history'), **asked),
        ],
    ) }}
),

opportunities as (
    select * from {{ changed_rows(ref('int_opportunities')) }}
),

versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions')) }}
),

stage_changes as (
    select * from field_history
    where field = 'stage' and new_value is not null
),

with_stage_changes as (
    select distinct
        source_system,
        opportunity_id
    from stage_changes
),

-- Of those, the ones of which something else has to tell: a change of the stage does not say in
-- which pipeline it was made.
told_otherwise as (
    select
        with_stage_changes.source_system,
        with_stage_changes.opportunity_id
    from with_stage_changes
    inner join stage_history
        on
            with_stage_changes.source_system = stage_history.source_system
            and with_stage_changes.opportunity_id = stage_history.opportunity_id
    union
    select
        source_system,
        opportunity_id
    from field_history
    where field = 'pipeline' and old_value <> new_value
    union
    select
        with_stage_changes.source_system,
        with_stage_changes.opportunity_id
    from with_stage_changes
    inner join versions
        on
            with_stage_changes.source_system = versions.source_system
            and with_stage_changes.opportunity_id = versions.opportunity_id
    group by with_stage_changes.source_system, with_stage_changes.opportunity_id
    having min(versions.pipeline) <> max(versions.pipeline)
),

noted as (
    select
        stage_changes.*,
        row_number() over (
            partition by stage_changes.source_system, stage_changes.opportunity_id
            order by
                stage_changes.changed_at,
                coalesce(stage_changes.sequence, 0),
                stage_changes.history_id nulls last
        ) as place
    from stage_changes
    left join told_otherwise
        on
            stage_changes.source_system = told_otherwise.source_system
            and stage_changes.opportunity_id = told_otherwise.opportunity_id
    where told_otherwise.opportunity_id is null
),

-- What the first change found had been so since the creation.
noted_creations as (
    select
        noted.source_system,
        noted.opportunity_id,
        noted.old_value as stage,
        opportunities.created_at as changed_at
    from noted
    inner join opportunities
        on
            noted.source_system = opportunities.source_system
            and noted.opportunity_id = opportunities.opportunity_id
    where
        noted.place = 1
        and noted.old_value is not null
        and {{ second_of('opportunities.created_at') }} < {{ second_of('noted.changed_at') }}
),

final as (
    select
        source_system,
        history_id,
        opportunity_id,
        new_value as stage,
        changed_at,
        sequence,
        cast(null as varchar) as pipeline,
        actor_id,
        cast(null as decimal(24, 6)) as amount,
        cast(null as date) as close_date,
        cast(null as varchar) as forecast_category,
        false as is_migration
    from noted
    union all
    select
        source_system,
        cast(null as varchar) as history_id,
        opportunity_id,
        stage,
        changed_at,
        cast(null as bigint) as sequence,
        cast(null as varchar) as pipeline,
        cast(null as varchar) as actor_id,
        cast(null as decimal(24, 6)) as amount,
        cast(null as date) as close_date,
        cast(null as varchar) as forecast_category,
        false as is_migration
    from noted_creations
)

select * from final
