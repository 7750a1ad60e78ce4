-- One row a record type: the newest version.
with

versions as (
    {{ newest_versions(source('salesforce', 'record_type'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as record_type_id,
        SobjectType as object_name,
        DeveloperName as developer_name,
        coalesce(Name, DeveloperName) as record_type_name,
        coalesce(IsActive, true) as is_active
    from versions
)

select * from final
