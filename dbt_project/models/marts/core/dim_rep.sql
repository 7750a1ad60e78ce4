-- One row a rep and version of it; one version a rep, its newest, until versions are kept.
with

users as (
    select * from {{ ref('int_users') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
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
        hired_date
    from users
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
        cast(null as date) as hired_date
    from (
        select source_system from opportunities
        union
        select source_system from users
    ) as sources
    left join members
        on sources.source_system = members.source_system and members.rep_id = 'unknown'
    where members.rep_id is null
),

final as (
    select
        *,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        true as is_current
    from (
        select * from members
        union all
        select * from unknown_members
    ) as reps
)

select * from final
