-- One row a call, e-mail, meeting, note or task × deal, company or contact with which it is
-- associated.
with

associations as (
    {{ hubspot_associations(
        'engagements', 'engagement_association', ['call', 'email', 'meeting', 'note', 'task']
    ) }}
),

final as (
    select
        'hubspot' as source_system,
        from_id as activity_id,
        case when to_object = 'deals' then to_id end as opportunity_id,
        case when to_object = 'companies' then to_id end as account_id,
        case when to_object = 'contacts' then to_id end as contact_id,
        case when to_object = 'contacts' then to_id end as lead_id,
        _batch_date as last_batch_date
    from associations
)

select * from final
