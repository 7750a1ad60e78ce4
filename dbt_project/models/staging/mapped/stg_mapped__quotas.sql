-- One row a user's quota for a period, of any mapped source, in the reporting currency.
with

versions as (
    {{ newest_versions(
        source('mapped', 'quotas'), ['_source', 'user_id', 'period_start', 'period_end']
    ) }}
),

final as (
    select
        _source as source_system,
        user_id,
        period_start,
        period_end,
        amount,
        _batch_date as last_batch_date
    from versions
)

select * from final
