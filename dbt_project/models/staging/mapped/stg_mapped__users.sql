-- One row a user of any mapped source: the newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'users'), ['_source', 'user_id'], 'modified_at') }}
),

final as (
    select
        _source as source_system,
        user_id,
        coalesce(user_name, user_id) as user_name,
        email,
        manager_id,
        team,
        role,
        coalesce(is_active, true) as is_active,
        hired_date,
        time_zone,
        modified_at
    from versions
)

select * from final
