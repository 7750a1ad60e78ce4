-- One row an account of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'accounts'), ['_source', 'account_id'], 'modified_at') }}
),

final as (
    select
        _source as source_system,
        account_id,
        account_name,
        industry,
        segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        parent_id,
        owner_id,
        created_at,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at
    from versions
)

select * from final
