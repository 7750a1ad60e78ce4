-- One row a user: the newest version.
with

versions as (
    {{ newest_versions(source('salesforce', 'user'), ['Id'], 'SystemModstamp') }}
),

user_roles as (
    {{ newest_versions(source('salesforce', 'user_role'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        versions.Id as user_id,
        coalesce(versions.Name, versions.Id) as user_name,
        versions.Email as email,
        versions.Department as team,
        coalesce(user_roles.Name, versions.Title) as role,
        coalesce(versions.IsActive, true) as is_active,
        {{ business_date('versions.CreatedDate') }} as hired_date,
        versions.TimeZoneSidKey as time_zone,
        versions.SystemModstamp as modified_at,
        versions.ManagerId as manager_id{{ passthrough_columns(source('salesforce', 'user')) }}
    from versions
    left join user_roles on versions.UserRoleId = user_roles.Id
)

select * from final
