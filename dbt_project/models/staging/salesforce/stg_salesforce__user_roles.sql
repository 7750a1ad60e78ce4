-- One row a role of the hierarchy: the newest version.
with

versions as (
    {{ newest_versions(source('salesforce', 'user_role'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as role_id,
        Name as role_name,
        ParentRoleId as parent_role_id
    from versions
)

select * from final
