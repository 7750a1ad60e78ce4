-- One row an opportunity whose product lines this night has to compute anew; none in a build of
-- everything.
--
-- It is computed anew itself; a load names one of its lines or lacks it; or a line of Salesforce
-- that names a price has another product, because the price has.
-- depends_on: {{ ref('stg_flywheel__full_extracts') }}
{#- Each reads few rows of it: a CTE that several read would be kept whole. -#}
{%- set staged -%}
    (
        {{ staged_opportunity_lines() }}
    )
{%- endset %}
with

changed_opportunities as (
    select * from {{ ref('int_changed_stage_events') }}
),

{% if is_later_night() -%}
{%- set before = before_this_night('marts', 'fct_opportunity_line') -%}
full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

concerned as (
    {{ records_of_new_loads(staged, 'full_extracts', 'line_id') }}
    union
    {{ hubspot_records(before, 'line_id') }}
    union
    select
        staged.source_system,
        staged.line_id
    from {{ staged }} as staged
    inner join {{ before }} as lines_before
        on
            staged.source_system = lines_before.source_system
            and staged.line_id = lines_before.line_id
    where {{ key_of('staged.source_system', 'staged.product_id') }} <> lines_before.product_key
),

final as (
    select opportunity_key
    from changed_opportunities
    union
    select {{ key_of('staged.source_system', 'staged.opportunity_id') }}
    from {{ staged }} as staged
    inner join concerned
        on
            staged.source_system = concerned.source_system
            and staged.line_id = concerned.line_id
    union
    select lines_before.opportunity_key
    from {{ before }} as lines_before
    inner join concerned
        on
            lines_before.source_system = concerned.source_system
            and lines_before.line_id = concerned.line_id
)
{%- else -%}
final as (
    select opportunity_key
    from changed_opportunities
    where false
)
{%- endif %}

select * from final
