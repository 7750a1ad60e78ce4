-- One row an activity that this night has to compute anew × what is said of it, until now and from
-- now on; none in a build of everything.
--
-- A load names it or lacks it, or what it is about was merged otherwise. Only rows that differ
-- count: a full extract names everything.
-- depends_on: {{ ref('stg_flywheel__full_extracts') }}
-- depends_on: {{ ref('int_mergers') }}
{#- Each reads few rows of it: a CTE that several read would be kept whole. -#}
{%- set staged -%}
    (
        {{ staged_activities() }}
    )
{%- endset %}
with

{% if is_later_night() -%}
{%- set before = before_this_night('marts', 'fct_activity') -%}
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

merged_otherwise as (
    {{ changed_mergers('mergers') }}
),

concerned as (
    {{ records_of_new_loads(staged, 'full_extracts', 'activity_id') }}
    union
    {{ hubspot_records(before, 'activity_id') }}
    {%- for what in ['opportunity_id', 'account_id'] %}
    union
    select
        staged.source_system,
        staged.activity_id
    from {{ staged }} as staged
    inner join merged_otherwise
        on {{ key_of('staged.source_system', 'staged.' ~ what) }} = merged_otherwise.merged_key
    {%- endfor %}
),

staged as (
    select staged.*
    from {{ staged }} as staged
    inner join concerned
        on
            staged.source_system = concerned.source_system
            and staged.activity_id = concerned.activity_id
),

standing as (
    {{ still_there('staged', 'full_extracts') }}
),

keyed as (
    {{ keyed_activities('standing', 'mergers') }}
),

from_now_on as (
    select
        *,
        {{ row_hash(activity_columns()) }} as record_hash
    from keyed
),

until_now as (
    select
        *,
        {{ row_hash(activity_columns()) }} as record_hash
    from {{ rows_with_key_in(before, 'concerned', ['source_system', 'activity_id']) }}
),

final as (
    {{ difference_of(
        'from_now_on',
        'until_now',
        ['activity_key', 'source_system', 'activity_id', 'lead_key', 'contact_key', 'record_hash'],
    ) }}
)
{%- else -%}
final as (
    select
        {{ key_of('source_system', 'activity_id') }} as activity_key,
        source_system,
        activity_id
    from {{ staged }} as staged
    where false
)
{%- endif %}

select * from final
