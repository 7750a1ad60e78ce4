-- One row a contact × campaign × instant of a touch, NULL where nobody says when.
--
-- HubSpot keeps no members of a campaign. It says of a contact which campaign brought it to its
-- first page and which one to the page on which it became a contact; the contact report of a
-- campaign says whom it touched, without a time unless the extract adds one.
with

contacts as (
    {{ newest_versions(source('hubspot', 'contact'), ['id'], 'hs_lastmodifieddate') }}
),

reported as (
    {{ newest_versions(
        source('hubspot', 'campaign_contact'), ['campaignGuid', 'contactType', 'id']
    ) }}
),

campaigns as (
    {{ hubspot_campaigns_said() }}
),

touches as (
    select
        id as contact_id,
        hs_analytics_first_touch_converting_campaign as said,
        coalesce(hs_analytics_first_timestamp, createdate) as touched_at
    from contacts
    where hs_analytics_first_touch_converting_campaign is not null
    union
    select
        id,
        hs_analytics_last_touch_converting_campaign,
        createdate
    from contacts
    where hs_analytics_last_touch_converting_campaign is not null
    union
    select
        reported.id,
        reported.campaignGuid,
        coalesce(
            reported.touchedAt,
            case reported.contactType
                when 'contactFirstTouch'
                    then coalesce(contacts.hs_analytics_first_timestamp, contacts.createdate)
                when 'contactLastTouch' then contacts.createdate
            end
        )
    from reported
    left join contacts on reported.id = contacts.id
),

-- One name may be said where another one is, too.
final as (
    select distinct
        'hubspot' as source_system,
        coalesce(campaigns.campaign_id, touches.said) as campaign_id,
        touches.contact_id as lead_id,
        touches.contact_id,
        true as has_responded,
        cast(null as timestamp) as responded_at,
        touches.touched_at as created_at
    from touches
    left join campaigns on touches.said = campaigns.said
)

select * from final
