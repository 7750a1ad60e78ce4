-- One row an opportunity × version: what nights showed of it, from the first observation on, and
-- what became of it between nights. Absent from a full extract is a version of its own.
{{ config(materialized='incremental', unique_key=['opportunity_key', 'version_number']) }}
{%- set key = ['opportunity_id'] %}
{%- set tracked = [
    'pipeline', 'stage', 'amount_local', 'currency_code', 'close_date', 'owner_id',
    'forecast_category', 'is_flagged_deleted', 'merged_into_id',
] %}
with

delivered as (
    {{ union_of(
        [
            'source_system', 'opportunity_id', 'pipeline', 'stage', 'amount', 'currency_code',
            'close_date', 'closed_at', 'owner_id', 'forecast_category', 'is_deleted',
            'merged_into_id', 'modified_at', 'archived_at', 'batch_date', 'load_number',
            'row_number',
        ],
        [
            {
                'rows': ref('stg_salesforce__opportunity_observations'),
                'lacking': {'archived_at': 'cast(null as timestamp)'},
            },
            ref('stg_hubspot__opportunity_observations'),
            {
                'rows': ref('stg_mapped__opportunity_observations'),
                'lacking': {'archived_at': 'cast(null as timestamp)'},
            },
        ],
    ) }}
),

full_nights as (
    select * from {{ ref('stg_flywheel__full_nights') }}
    where object_name in ('opportunity', 'deal', 'opportunities')
),

newest as (
    {{ union_of(
        ['source_system', 'opportunity_id', 'last_seen_date'],
        [
            ref('stg_salesforce__opportunities'),
            ref('stg_hubspot__opportunities'),
            ref('stg_mapped__opportunities'),
        ],
    ) }}
),

observations as (
    select
        source_system,
        opportunity_id,
        pipeline,
        stage,
        {{ to_cents('amount') }} as amount_local,
        coalesce(currency_code, '{{ var("reporting_currency") }}') as currency_code,
        close_date,
        closed_at,
        owner_id,
        forecast_category,
        is_deleted as is_flagged_deleted,
        merged_into_id,
        modified_at,
        archived_at,
        batch_date,
        load_number,
        row_number
    from delivered
),

-- To archive a record is no change of it: its stamp stays, and is the same when it is restored.
{{ versions_by_night(
    key, tracked, ['closed_at'], told_at='greatest(modified_at, archived_at)'
) }},

final as (
    select
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        version_number,
        known_at,
        batch_date,
        source_system,
        opportunity_id,
        pipeline,
        stage,
        amount_local,
        currency_code,
        close_date,
        closed_at,
        modified_at,
        owner_id,
        forecast_category,
        is_flagged_deleted,
        merged_into_id,
        is_absent,
        is_absent or is_flagged_deleted or merged_into_id is not null as is_deleted,
        last_stamp,
        absent_so_far_at
    from versions
)

select * from final
