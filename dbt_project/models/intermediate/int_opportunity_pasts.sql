-- One row an opportunity of whose past its source tells anything: one number for all that it tells.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_opportunities'},
) }}
with

changed as (
    select * from {{ ref('int_changed_opportunities') }}
),

pasts as (
    {{ pasts(told_of_pasts(), 'changed' if is_later_night() else none) }}
),

final as (
    select
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        source_system,
        opportunity_id,
        past_hash
    from pasts
)

select * from final
