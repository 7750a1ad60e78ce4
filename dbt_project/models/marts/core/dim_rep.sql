-- One row a rep and version of it: name, manager, team, role and whether active, with the stretch
-- of time in which they held. The first has held for ever, so that every past day finds one; who is
-- missing from a full list goes on as not active.
with

versions as (
    select * from {{ ref('int_user_versions') }}
),

users as (
    select * from {{ ref('int_users') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

delivered as (
    select distinct
        source_system,
        user_id
    from versions
),

-- Users that only another record names have one version.
all_versions as (
    select
        source_system,
        user_id,
        version_number,
        user_name,
        manager_id,
        team,
        role,
        is_active,
        hired_date,
        known_at
    from versions
    union all
    select
        users.source_system,
        users.user_id,
        1 as version_number,
        users.user_name,
        users.manager_id,
        users.team,
        users.role,
        users.is_active,
        users.hired_date,
        cast(null as timestamp) as known_at
    from users
    left join delivered
        on users.source_system = delivered.source_system and users.user_id = delivered.user_id
    where delivered.user_id is null
),

members as (
    select
        {{ key_of('source_system', 'user_id') }} as rep_key,
        source_system,
        user_id as rep_id,
        user_name as rep_name,
        case when manager_id is not null then {{ key_of('source_system', 'manager_id') }} end
            as manager_key,
        team,
        role,
        is_active,
        hired_date,
        version_number as place,
        case
            when version_number = 1 then cast('1900-01-01' as timestamp)
            else known_at
        end as valid_from
    from all_versions
),

unknown_members as (
    select distinct
        sources.source_system || ':unknown' as rep_key,
        sources.source_system,
        'unknown' as rep_id,
        'Unknown' as rep_name,
        cast(null as varchar) as manager_key,
        cast(null as varchar) as team,
        cast(null as varchar) as role,
        cast(null as boolean) as is_active,
        cast(null as date) as hired_date,
        1 as place,
        cast('1900-01-01' as timestamp) as valid_from
    from (
        select source_system from opportunities
        union
        select source_system from users
        union
        select source_system from leads
    ) as sources
    left join members
        on sources.source_system = members.source_system and members.rep_id = 'unknown'
    where members.rep_id is null
),

states as (
    select
        *,
        lead(valid_from) over (partition by rep_key order by place) as next_valid_from
    from (
        select * from members
        union all
        select * from unknown_members
    ) as reps
),

changed as (
    {{ states_that_differ(
        'states',
        'rep_key',
        'place',
        ['rep_name', 'manager_key', 'team', 'role', 'is_active', 'hired_date'],
    ) }}
),

final as (
    select
        rep_key,
        source_system,
        rep_id,
        rep_name,
        manager_key,
        team,
        role,
        is_active,
        hired_date,
        valid_from,
        lead(valid_from) over by_time as valid_to,
        lead(valid_from) over by_time is null as is_current
    from changed
    window by_time as (partition by rep_key order by valid_from)
)

select * from final
