-- One row an opportunity of any mapped source: its newest version.
with

versions as (
    {{ newest_versions(
        source('mapped', 'opportunities'), ['_source', 'opportunity_id'], 'modified_at'
    ) }}
),

final as (
    select
        _source as source_system,
        opportunity_id,
        opportunity_name,
        account_id,
        owner_id,
        created_by_id,
        coalesce(pipeline, 'default') as pipeline,
        stage,
        amount,
        currency_code,
        created_at,
        close_date,
        coalesce(closed_at, cast(close_date as timestamp)) as closed_at,
        opportunity_type,
        lead_source,
        campaign_id,
        product_id,
        forecast_category,
        probability,
        loss_reason,
        next_step,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at,
        _batch_date as last_batch_date
    from versions
)

select * from final
