-- One row an opportunity × instant at which it was deleted, merged away or brought back.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

versions as (
    select * from {{ changed_rows(ref('int_opportunity_versions')) }}
),

compared as (
    select
        *,
        coalesce(lag(is_deleted) over by_version, false) as was_deleted,
        lag(merged_into_id) over by_version as previous_merged_into_id
    from versions
    window by_version as (partition by opportunity_key order by version_number)
),

final as (
    select
        opportunity_key,
        known_at as occurred_at,
        case
            when merged_into_id <> coalesce(previous_merged_into_id, '') then 'merged'
            when is_deleted then 'deleted'
            else 'undeleted'
        end as field,
        case
            when merged_into_id is not null then {{ key_of('source_system', 'merged_into_id') }}
        end as survivor_key,
        case
            when previous_merged_into_id is not null
                then {{ key_of('source_system', 'previous_merged_into_id') }}
        end as previous_survivor_key,
        is_deleted,
        version_number
    from compared
    where is_deleted <> was_deleted or merged_into_id <> coalesce(previous_merged_into_id, '')
)

select * from final
