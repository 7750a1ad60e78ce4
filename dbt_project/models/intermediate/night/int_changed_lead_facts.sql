-- One row a lead of which this night has to tell anew what became of it: it is computed anew
-- itself, or its opportunity is. None in a build of everything.
-- depends_on: {{ ref('int_leads') }}
-- depends_on: {{ ref('int_changed_stage_events') }}
with

changed as (
    select * from {{ ref('int_changed_leads') }}
),

{% if is_later_night() -%}
of_changed_opportunities as (
    select *
    from {{ rows_with_key_in(ref('int_leads'), ref('int_changed_stage_events'), ['opportunity_key']) }}
),

final as (
    select lead_key
    from changed
    union
    select lead_key
    from of_changed_opportunities
)
{%- else -%}
final as (
    select lead_key
    from changed
)
{%- endif %}

select * from final
