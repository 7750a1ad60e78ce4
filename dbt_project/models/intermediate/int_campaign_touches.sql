-- One row a lead's or contact's part in a campaign that is there today, and when the campaign
-- touched them; where a source knows of more than one touch, one row each.
{{ config(
    materialized='incremental',
    unique_key=['source_system', 'member_key'],
    meta={'recomputed': 'int_changed_campaign_members'},
) }}
with

all_staged as (
    {{ staged_campaign_members() }}
),

staged as (
    select * from all_staged
    {{ only_changed_records('int_changed_campaign_members', id='member_key') }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

members as (
    {{ still_there('staged', 'full_extracts') }}
),

final as (
    {{ touches_of_members('members') }}
)

select * from final
