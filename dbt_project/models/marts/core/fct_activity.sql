-- One row a call, e-mail, meeting, task or note that is not deleted. What was said, and to whom by
-- name, stays in the source.
with

activities as (
    select * from {{ ref('int_activities') }}
),

merged as (
    select * from {{ ref('int_mergers') }}
),

final as (
    select
        {{ key_of('activities.source_system', 'activities.activity_id') }} as activity_key,
        activities.source_system,
        activities.activity_id,
        case
            when activities.opportunity_id is not null
                then coalesce(
                    merged_opportunities.final_survivor_key,
                    {{ key_of('activities.source_system', 'activities.opportunity_id') }}
                )
        end as opportunity_key,
        case
            when activities.lead_id is not null
                then {{ key_of('activities.source_system', 'activities.lead_id') }}
        end as lead_key,
        coalesce(
            merged_accounts.final_survivor_key,
            {{ key_of('activities.source_system', 'activities.account_id') }}
        ) as account_key,
        {{ key_of('activities.source_system', 'activities.contact_id') }} as contact_key,
        {{ key_of('activities.source_system', 'activities.owner_id') }} as owner_key,
        activities.occurred_at,
        activities.channel,
        activities.direction,
        cast(activities.duration_minutes as double) as duration_minutes,
        activities.is_completed
    from activities
    left join merged as merged_opportunities
        on
            merged_opportunities.object_name = 'opportunity'
            and {{ key_of('activities.source_system', 'activities.opportunity_id') }}
            = merged_opportunities.merged_key
    left join merged as merged_accounts
        on
            merged_accounts.object_name = 'account'
            and {{ key_of('activities.source_system', 'activities.account_id') }}
            = merged_accounts.merged_key
)

select * from final
