-- One row a person's part in a task or event, the main contact or lead included: its newest
-- version, deleted ones included.
with

task_relations as (
    {{ newest_versions(source('salesforce', 'task_relation'), ['Id'], 'SystemModstamp') }}
),

event_relations as (
    {{ newest_versions(source('salesforce', 'event_relation'), ['Id'], 'SystemModstamp') }}
),

relations as (
    select
        TaskId as activity_id,
        RelationId,
        cast(null as varchar) as response,
        IsDeleted,
        _batch_date
    from task_relations
    union all
    select
        EventId as activity_id,
        RelationId,
        Status as response,
        IsDeleted,
        _batch_date
    from event_relations
),

final as (
    select
        'salesforce' as source_system,
        activity_id,
        case when RelationId like '003%' then RelationId end as contact_id,
        case when RelationId like '00Q%' then RelationId end as lead_id,
        case when RelationId like '005%' then RelationId end as user_id,
        response,
        coalesce(IsDeleted, false) as is_deleted,
        _batch_date as last_batch_date
    from relations
    -- A relation may also name an opportunity, an account or a room: no person.
    where RelationId like '003%' or RelationId like '00Q%' or RelationId like '005%'
)

select * from final
