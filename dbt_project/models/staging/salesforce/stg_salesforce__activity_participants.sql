-- One row a record's part in a task or event, the main contact, lead, account or opportunity included:
-- its newest version, deleted ones included.
{{ config(materialized='incremental', unique_key=['relation_id']) }}
with

task_relations as (
    select * from {{ bronze('salesforce', 'task_relation') }}
),

event_relations as (
    select * from {{ bronze('salesforce', 'event_relation') }}
),

relations as (
    select
        Id,
        'task_relation' as object_name,
        TaskId as activity_id,
        RelationId,
        cast(null as varchar) as response,
        IsDeleted,
        SystemModstamp,
        _batch_date,
        _load_number,
        _row_number
    from task_relations
    union all
    select
        Id,
        'event_relation' as object_name,
        EventId as activity_id,
        RelationId,
        Status as response,
        IsDeleted,
        SystemModstamp,
        _batch_date,
        _load_number,
        _row_number
    from event_relations
),

typed as (
    select
        'salesforce' as source_system,
        Id as relation_id,
        object_name,
        activity_id,
        -- A relation may name any record, even a room: the first three characters tell which.
        case when RelationId like '006%' then RelationId end as opportunity_id,
        case when RelationId like '001%' then RelationId end as account_id,
        case when RelationId like '003%' then RelationId end as contact_id,
        case when RelationId like '00Q%' then RelationId end as lead_id,
        case when RelationId like '005%' then RelationId end as user_id,
        response,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from relations
),

final as (
    {{ newest_observations('typed', 'modified_at') }}
)

select * from final
