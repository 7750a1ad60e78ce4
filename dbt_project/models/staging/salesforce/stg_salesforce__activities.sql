-- One row a task or meeting: its newest version, deleted ones included.
-- A meeting counts once: copies in the calendars of invited users (IsChild) and the patterns of
-- series, which take place as occurrences of their own, are left out.
{{ config(materialized='incremental', unique_key=['activity_id']) }}
with

tasks as (
    select * from {{ bronze('salesforce', 'task') }}
),

events as (
    select * from {{ bronze('salesforce', 'event') }}
),

activities as (
    select
        Id,
        WhoId,
        WhatId,
        AccountId,
        OwnerId,
        case
            when TaskSubtype = 'Call' then 'call'
            when TaskSubtype like '%Email' then 'email'
            when coalesce(TaskSubtype, 'Task') <> 'Task' then 'other'
            when Type = 'Call' then 'call'
            when Type = 'Email' then 'email'
            else 'task'
        end as channel,
        case CallType when 'Inbound' then 'inbound' when 'Outbound' then 'outbound' end
            as direction,
        -- Of a day without a time, what was written down on it tells the time best.
        case
            when CompletedDateTime is not null then CompletedDateTime
            when {{ business_date('CreatedDate') }} = ActivityDate then CreatedDate
            else coalesce({{ start_of_day('ActivityDate') }}, CreatedDate)
        end as occurred_at,
        CallDurationInSeconds / 60.0 as duration_minutes,
        coalesce(IsClosed, false) as is_completed,
        CallDisposition as outcome,
        IsDeleted,
        SystemModstamp,
        _batch_date,
        _load_number,
        _row_number
    from tasks
    where not coalesce(IsRecurrence, false)
    union all
    select
        Id,
        WhoId,
        WhatId,
        AccountId,
        OwnerId,
        'meeting' as channel,
        cast(null as varchar) as direction,
        coalesce(
            case
                when IsAllDayEvent then {{ start_of_day('cast(StartDateTime as date)') }}
                else StartDateTime
            end,
            CreatedDate
        ) as occurred_at,
        {{ days_between('StartDateTime', 'EndDateTime') }} * 1440 as duration_minutes,
        -- An event says nothing of whether it took place.
        cast(null as boolean) as is_completed,
        cast(null as varchar) as outcome,
        IsDeleted,
        SystemModstamp,
        _batch_date,
        _load_number,
        _row_number
    from events
    where
        not coalesce(IsChild, false)
        and not coalesce(IsRecurrence, false)
        and coalesce(GroupEventType, '0') <> '3'
),

typed as (
    select
        'salesforce' as source_system,
        Id as activity_id,
        -- WhatId and WhoId point at any object: the first three characters tell which.
        case when WhatId like '006%' then WhatId end as opportunity_id,
        coalesce(AccountId, case when WhatId like '001%' then WhatId end) as account_id,
        case when WhoId like '003%' then WhoId end as contact_id,
        case when WhoId like '00Q%' then WhoId end as lead_id,
        OwnerId as owner_id,
        channel,
        direction,
        occurred_at,
        duration_minutes,
        is_completed,
        outcome,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from activities
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
