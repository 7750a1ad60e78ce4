-- One row a user × version: name, manager, team, role and whether active, as nights showed them.
-- Absent from a full extract is a version of its own: whom a whole list lacks works there no more.
with

observations as (
    {{ union_of(
        [
            'source_system', 'user_id', 'user_name', 'manager_id', 'team', 'role', 'is_active',
            'hired_date', 'modified_at', 'batch_date', 'load_number', 'row_number',
        ],
        [
            ref('stg_salesforce__user_observations'),
            ref('stg_hubspot__user_observations'),
            ref('stg_mapped__user_observations'),
        ],
    ) }}
),

-- HubSpot's extracts are of changes: they lack nobody.
full_nights as (
    select * from {{ ref('stg_flywheel__full_nights') }}
    where object_name in ('user', 'users')
),

{{ versions_of(
    ['user_id'],
    ['user_name', 'manager_id', 'team', 'role', 'is_active', 'hired_date'],
    [],
) }},

final as (
    select
        source_system,
        user_id,
        version_number,
        user_name,
        manager_id,
        team,
        role,
        is_active and not is_absent as is_active,
        hired_date,
        known_at
    from versions
)

select * from final
