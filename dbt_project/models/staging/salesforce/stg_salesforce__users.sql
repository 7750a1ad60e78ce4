-- One row a user: the newest version.
with

versions as (
    {{ newest_versions(source('salesforce', 'user'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as user_id,
        Name as user_name,
        ManagerId as manager_id,
        Department as team,
        Title as role,
        IsActive as is_active,
        cast(CreatedDate as date) as hired_date
    from versions
)

select * from final
