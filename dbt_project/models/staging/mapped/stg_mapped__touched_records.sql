-- One row an opportunity or account that the loads of this build name in any way.
{{ config(materialized='ephemeral') }}
with

final as (
    select
        _source as source_system,
        'opportunity' as object_name,
        opportunity_id as record_id
    from {{ bronze('mapped', 'opportunity_stage_history') }}
    union
    select
        _source,
        'opportunity',
        opportunity_id
    from {{ bronze('mapped', 'opportunity_field_history') }}
    union
    select
        _source,
        'opportunity',
        opportunity_id
    from {{ bronze('mapped', 'opportunity_splits') }}
    union
    select
        _source,
        'account',
        account_id
    from {{ bronze('mapped', 'accounts') }}
)

select * from final
