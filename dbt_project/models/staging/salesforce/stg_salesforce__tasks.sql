-- One row a task: its newest version, deleted ones included.
with

versions as (
    {{ newest_versions(source('salesforce', 'task'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as activity_id,
        -- WhatId points at any object; the key prefix 006 is an opportunity's.
        case when WhatId like '006%' then WhatId end as opportunity_id,
        AccountId as account_id,
        WhoId as person_id,
        OwnerId as owner_id,
        case
            when TaskSubtype = 'Call' then 'call'
            when TaskSubtype like '%Email' then 'email'
            else 'task'
        end as channel,
        Subject as subject,
        coalesce(CompletedDateTime, cast(ActivityDate as timestamp), CreatedDate) as occurred_at,
        coalesce(IsClosed, false) as is_completed,
        coalesce(IsDeleted, false) as is_deleted
    from versions
)

select * from final
