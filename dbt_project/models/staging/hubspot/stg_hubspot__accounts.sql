-- One row a company: its newest version, archived and merged ones included.
with

versions as (
    {{ newest_versions(source('hubspot', 'company'), ['id'], 'hs_lastmodifieddate') }}
),

owners as (
    {{ hubspot_owners_said('versions') }}
),

mergers as (
    {{ hubspot_mergers('versions') }}
),

final as (
    select
        'hubspot' as source_system,
        versions.id as account_id,
        coalesce(versions.name, versions.domain) as account_name,
        versions.industry,
        cast(null as varchar) as segment,
        versions.country,
        versions.numberofemployees as employee_count,
        versions.annualrevenue as annual_revenue,
        versions.type as account_type,
        versions.hs_parent_company_id as parent_id,
        coalesce(owners.owner_id, versions.hubspot_owner_id) as owner_id,
        versions.createdate as created_at,
        coalesce(versions.archived, false) as is_deleted,
        mergers.survivor_id as merged_into_id,
        versions.hs_lastmodifieddate as modified_at
    from versions
    left join owners
        on versions.hubspot_owner_id = owners.said and versions._batch_date = owners.batch_date
    left join mergers on versions.id = mergers.merged_id
)

select * from final
