-- One row a part in a campaign that this night has to compute anew × what is said of it, until now
-- and from now on; none in a build of everything. Only rows that differ count.
-- depends_on: {{ ref('stg_flywheel__full_extracts') }}
{#- Each reads few rows of it: a CTE that several read would be kept whole. -#}
{%- set staged -%}
    (
        {{ staged_campaign_members() }}
    )
{%- endset %}
with

{% if is_later_night() -%}
{%- set before = before_this_night('intermediate', 'int_campaign_touches') -%}
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

concerned as (
    {{ records_of_new_loads(staged, 'full_extracts', 'member_key') }}
    union
    {{ hubspot_records(before, 'member_key') }}
),

staged as (
    select staged.*
    from {{ staged }} as staged
    inner join concerned
        on
            staged.source_system = concerned.source_system
            and staged.member_key = concerned.member_key
),

standing as (
    {{ still_there('staged', 'full_extracts') }}
),

from_now_on as (
    {{ touches_of_members('standing') }}
),

until_now as (
    select *
    from {{ rows_with_key_in(before, 'concerned', ['source_system', 'member_key']) }}
),

final as (
    {{ difference_of(
        'from_now_on',
        'until_now',
        ['member_key', 'source_system', 'campaign_id', 'lead_id', 'contact_id', 'touched_at'],
    ) }}
)
{%- else -%}
final as (
    select
        member_key,
        source_system
    from {{ staged }} as staged
    where false
)
{%- endif %}

select * from final
