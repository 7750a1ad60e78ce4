-- One row an opportunity × type of split × rep: the rep's share. Splits that a full extract no longer
-- brings are gone.
with

delivered_splits as (
    {{ staged_splits() }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
    where object_name in ('opportunity_split', 'opportunity_splits')
),

splits as (
    select delivered_splits.*
    from delivered_splits
    left join full_extracts
        on delivered_splits.source_system = full_extracts.source_system
    where
        not delivered_splits.is_deleted
        and coalesce(delivered_splits.last_seen_date >= full_extracts.batch_date, true)
),

final as (
    select
        source_system,
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        {{ key_of('source_system', 'user_id') }} as rep_key,
        coalesce(split_type, '') as split_type,
        sum(share) as share
    from splits
    group by
        source_system,
        {{ key_of('source_system', 'opportunity_id') }},
        {{ key_of('source_system', 'user_id') }},
        coalesce(split_type, '')
)

select * from final
