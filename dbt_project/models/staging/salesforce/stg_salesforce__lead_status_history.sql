-- One row a lead's entry into a status that field tracking saw. A lead that never changed, or
-- changed before tracking began, has no row.
with

versions as (
    {{ newest_versions(source('salesforce', 'lead_history'), ['Id']) }}
),

final as (
    select
        'salesforce' as source_system,
        LeadId as lead_id,
        NewValue as status,
        CreatedDate as changed_at,
        cast(null as bigint) as sequence,
        _batch_date as last_batch_date
    from versions
    where
        Field = 'Status'
        and NewValue is not null
        and not coalesce(IsDeleted, false)
)

select * from final
