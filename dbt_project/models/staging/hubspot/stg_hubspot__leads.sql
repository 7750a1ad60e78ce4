-- One row a contact with a lifecycle stage, read as a lead: its newest version.
--
-- The instants are those of the recorded history; stamps of the contact stand in where history was
-- not delivered. A contact can be on many deals: the lead became the oldest of them.
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

deals as (
    {{ newest_versions(source('hubspot', 'deal'), ['id'], 'hs_lastmodifieddate') }}
),

associations as (
    {{ hubspot_associations('deals', 'deal_association', ['deal']) }}
),

lifecycles as (
    select * from {{ ref('base_hubspot__contact_property_history') }}
),

recorded as (
    select
        id,
        min(case when value = 'marketingqualifiedlead' then changed_at end) as mql_at,
        min(case when value = 'salesqualifiedlead' then changed_at end) as sql_at,
        min(case when value = 'opportunity' then changed_at end) as converted_at
    from lifecycles
    group by id
),

deals_of_contacts as (
    select
        associations.to_id as contact_id,
        deals.id as deal_id,
        row_number() over (
            partition by associations.to_id
            order by deals.createdate, deals.id
        ) as place
    from associations
    inner join deals on associations.from_id = deals.id
    where associations.to_object = 'contacts' and not coalesce(deals.archived, false)
),

final as (
    select
        'hubspot' as source_system,
        versions.id as lead_id,
        versions.lifecyclestage as status,
        versions.hs_analytics_source as lead_source,
        cast(null as varchar) as campaign_id,
        coalesce(owners.owner_id, versions.hubspot_owner_id) as owner_id,
        versions.createdate as created_at,
        versions.hs_sa_first_engagement_date as first_touch_at,
        coalesce(recorded.mql_at, versions.hs_v2_date_entered_marketingqualifiedlead) as mql_at,
        coalesce(recorded.sql_at, versions.hs_v2_date_entered_salesqualifiedlead) as sql_at,
        coalesce(recorded.converted_at, versions.hs_v2_date_entered_opportunity) as converted_at,
        deals_of_contacts.deal_id as opportunity_id,
        versions.associatedcompanyid as account_id,
        versions.id as contact_id,
        versions.email_hash,
        versions.email_domain,
        versions.company,
        versions.country,
        coalesce(versions.archived, false) as is_deleted,
        mergers.survivor_id as merged_into_id,
        versions.hs_lastmodifieddate as modified_at,
        versions._batch_date as last_batch_date
    from versions
    left join owners
        on versions.hubspot_owner_id = owners.said and versions._batch_date = owners.batch_date
    left join mergers on versions.id = mergers.merged_id
    left join recorded on versions.id = recorded.id
    left join deals_of_contacts
        on versions.id = deals_of_contacts.contact_id and deals_of_contacts.place = 1
    where versions.lifecyclestage is not null
)

select * from final
