-- One row a lead of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(source('mapped', 'leads'), ['_source', 'lead_id'], 'modified_at') }}
),

final as (
    select
        _source as source_system,
        lead_id,
        status,
        lead_source,
        campaign_id,
        owner_id,
        created_at,
        first_touch_at,
        mql_at,
        sql_at,
        converted_at,
        opportunity_id,
        account_id,
        contact_id,
        email,
        company,
        country,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at,
        _batch_date as last_batch_date
    from versions
)

select * from final
