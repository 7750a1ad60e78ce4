-- One row an activity that is not deleted × opportunity, account, contact or lead that it is about
-- beyond the one of its kind that `fct_activity` names.
{{ config(
    materialized='incremental',
    unique_key='activity_key',
    meta={'recomputed': 'int_changed_activities'},
) }}
with

staged as (
    {{ staged_participants() }}
),

changed as (
    select * from staged
    {{ only_changed_records('int_changed_activities', id='activity_id') }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

participants as (
    {{ still_there('changed', 'full_extracts') }}
),

-- Most activities have nobody else.
shared as (
    select distinct
        source_system,
        activity_id
    from participants
),

activities as (
    select all_activities.*
    from {{ ref('int_activities') }} as all_activities
    inner join shared
        on
            all_activities.source_system = shared.source_system
            and all_activities.activity_id = shared.activity_id
),

keyed as (
    {{ keyed_activities('activities', 'mergers') }}
),

final as (
    {{ keyed_participants('participants', 'keyed', 'mergers') }}
)

select * from final
