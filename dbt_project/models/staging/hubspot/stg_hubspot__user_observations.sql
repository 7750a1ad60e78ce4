-- One row an owner × file that delivered it, with the main team as far as that night had told it.
{{ config(materialized='ephemeral') }}
with

delivered as (
    select * from {{ source('hubspot', 'owner') }}
),

teams as (
    {{ newest_versions(source('hubspot', 'team'), ['id']) }}
),

memberships as (
    select * from {{ source('hubspot', 'owner_team') }}
),

-- Of the teams that one night names.
main_teams as (
    select
        owner_id,
        batch_date,
        team,
        lead(batch_date) over (partition by owner_id order by batch_date) as next_batch_date
    from (
        select
            memberships.ownerId as owner_id,
            memberships._batch_date as batch_date,
            coalesce(teams.name, memberships.name) as team,
            row_number() over (
                partition by memberships.ownerId, memberships._batch_date
                order by coalesce(memberships.primary, false) desc, memberships.id asc
            ) as place
        from memberships
        left join teams on memberships.id = teams.id
    ) as placed
    where place = 1
),

final as (
    select
        'hubspot' as source_system,
        delivered.id as user_id,
        coalesce(
            {{ full_name('delivered.firstName', 'delivered.lastName') }},
            delivered.email,
            delivered.id
        ) as user_name,
        cast(null as varchar) as manager_id,
        main_teams.team,
        cast(null as varchar) as role,
        not coalesce(delivered.archived, false) as is_active,
        {{ business_date('delivered.createdAt') }} as hired_date,
        delivered.updatedAt as modified_at,
        delivered._batch_date as batch_date,
        delivered._load_number as load_number,
        delivered._row_number as row_number
    from delivered
    left join main_teams
        on
            delivered.id = main_teams.owner_id
            and delivered._batch_date >= main_teams.batch_date
            and (
                main_teams.next_batch_date is null
                or delivered._batch_date < main_teams.next_batch_date
            )
)

select * from final
