-- One row an owner: the newest version, with the main team. Records name owners, not users.
with

versions as (
    {{ newest_versions(source('hubspot', 'owner'), ['id'], 'updatedAt') }}
),

teams as (
    {{ newest_versions(source('hubspot', 'team'), ['id']) }}
),

memberships as (
    {{ newest_versions(source('hubspot', 'owner_team'), ['ownerId', 'id']) }}
),

-- Of the teams that the newest night names.
main_teams as (
    select
        ownerId as owner_id,
        team_name
    from (
        select
            memberships.ownerId,
            coalesce(teams.name, memberships.name) as team_name,
            row_number() over (
                partition by memberships.ownerId
                order by
                    memberships._batch_date desc,
                    coalesce(memberships.primary, false) desc,
                    memberships.id asc
            ) as place
        from memberships
        left join teams on memberships.id = teams.id
    ) as placed
    where place = 1
),

final as (
    select
        'hubspot' as source_system,
        versions.id as user_id,
        coalesce(
            {{ full_name('versions.firstName', 'versions.lastName') }},
            versions.email,
            versions.id
        ) as user_name,
        cast(null as varchar) as manager_id,
        main_teams.team_name as team,
        cast(null as varchar) as role,
        not coalesce(versions.archived, false) as is_active,
        {{ business_date('versions.createdAt') }} as hired_date,
        versions.updatedAt as modified_at,
        versions._batch_date as batch_date,
        versions._load_number as load_number,
        versions._row_number as row_number
    from versions
    left join main_teams on versions.id = main_teams.owner_id
)

select * from final
