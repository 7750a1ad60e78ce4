-- One row a lead of which this night has to tell anew what became of it: it is computed anew itself,
-- or its opportunity is. None in a build of everything.
with

changed as (
    select * from {{ ref('int_changed_leads') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

changed_opportunities as (
    select * from {{ ref('int_changed_stage_events') }}
),

final as (
    select lead_key
    from changed
    {%- if is_later_night() %}
    union
    select lead_key
    from leads
    where opportunity_key in (select opportunity_key from changed_opportunities)
    {%- endif %}
)

select * from final
