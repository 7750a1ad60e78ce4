-- One row an activity × opportunity, account, contact or lead that it is about.
{{ config(materialized='view') }}
with

activities as (
    select * from {{ ref('fct_activity') }}
),

participants as (
    select * from {{ ref('int_activity_participants') }}
),

final as (
    {%- for kind in participant_kinds() %}
    select
        activity_key,
        source_system,
        '{{ kind }}' as record_kind,
        {{ kind }}_key as record_key,
        true as is_main
    from activities
    where {{ kind }}_key <> {{ key_of('source_system', 'null') }}
    union all
    {%- endfor %}
    select
        activity_key,
        source_system,
        record_kind,
        record_key,
        false as is_main
    from participants
)

select * from final
