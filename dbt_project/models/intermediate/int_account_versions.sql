-- One row an account × version: what nights showed of it, from the first observation on. Absent from
-- a full extract is a version of its own.
{{ config(materialized='incremental', unique_key=['account_key', 'version_number']) }}
{%- set key = ['account_id'] %}
{%- set tracked = [
    'account_name', 'industry', 'segment', 'country', 'employee_count', 'annual_revenue',
    'account_type', 'parent_id', 'owner_id', 'is_flagged_deleted', 'merged_into_id',
] %}
with

delivered as (
    {{ union_of(
        account_columns() + ['modified_at', 'batch_date', 'load_number', 'row_number'],
        [
            ref('stg_salesforce__account_observations'),
            ref('stg_hubspot__account_observations'),
            ref('stg_mapped__account_observations'),
        ],
    ) }}
),

full_nights as (
    select * from {{ ref('stg_flywheel__full_nights') }}
    where object_name in ('account', 'accounts')
),

-- HubSpot's extracts are of changes: they lack nobody.
newest as (
    {{ union_of(
        ['source_system', 'account_id', 'last_seen_date'],
        [ref('stg_salesforce__accounts'), ref('stg_mapped__accounts')],
    ) }}
),

observations as (
    select
        source_system,
        account_id,
        account_name,
        industry,
        {{ segment_of('segment', 'employee_count') }} as segment,
        country,
        employee_count,
        {{ to_cents('annual_revenue') }} as annual_revenue,
        account_type,
        parent_id,
        owner_id,
        is_deleted as is_flagged_deleted,
        merged_into_id,
        modified_at,
        batch_date,
        load_number,
        row_number
    from delivered
),

{{ versions_by_night(key, tracked, []) }},

final as (
    select
        {{ key_of('source_system', 'account_id') }} as account_key,
        version_number,
        known_at,
        batch_date,
        source_system,
        account_id,
        account_name,
        industry,
        segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        parent_id,
        owner_id,
        modified_at,
        is_flagged_deleted,
        merged_into_id,
        is_absent,
        is_absent or is_flagged_deleted or merged_into_id is not null as is_deleted,
        last_stamp,
        absent_so_far_at
    from versions
)

select * from final
