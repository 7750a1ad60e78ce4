-- One row a call, e-mail, meeting, task or note that is not deleted. What was said, and to whom by
-- name, stays in the source.
{{ config(
    materialized='incremental',
    unique_key='activity_key',
    meta={'recomputed': 'int_changed_activities'},
) }}
with

activities as (
    select * from {{ ref('int_activities') }}
    {{ only_changed_records('int_changed_activities', id='activity_id') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

final as (
    {{ keyed_activities('activities', 'mergers') }}
)

select * from final
