-- One row a contact: its newest version, archived and merged ones included.
with

versions as (
    {{ newest_versions(source('hubspot', 'contact'), ['id'], 'hs_lastmodifieddate') }}
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
        versions.id as contact_id,
        versions.associatedcompanyid as account_id,
        versions.email_hash,
        versions.email_domain,
        versions.phone_hash,
        versions.phone_last_digits,
        versions.jobtitle as title,
        coalesce(owners.owner_id, versions.hubspot_owner_id) as owner_id,
        versions.hs_analytics_source as lead_source,
        versions.createdate as created_at,
        coalesce(versions.archived, false) as is_deleted,
        mergers.survivor_id as merged_into_id,
        versions.hs_lastmodifieddate as modified_at,
        versions._batch_date as last_batch_date
    from versions
    left join owners
        on versions.hubspot_owner_id = owners.said and versions._batch_date = owners.batch_date
    left join mergers on versions.id = mergers.merged_id
)

select * from final
