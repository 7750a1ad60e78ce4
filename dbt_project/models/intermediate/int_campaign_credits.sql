-- One row an opportunity × influence model × campaign that touched it in time: the campaign's share
-- of the credit and of the amount, which the shares of each model divide to the smallest unit. An
-- opportunity without a touch has no row.
--
-- A touch counts if it is of a contact of the opportunity or of a lead that became it, from some
-- days before the opportunity was created until it closed.
with

opportunities as (
    select * from {{ ref('int_opportunity_facts') }}
),

touches as (
    select * from {{ ref('int_campaign_touches') }}
    where touched_at is not null
),

leads as (
    select * from {{ ref('int_leads') }}
    where opportunity_key is not null
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

staged_contacts as (
    {{ union_of(
        [
            'source_system', 'object_name', 'opportunity_id', 'contact_id', 'is_deleted',
            'last_seen_date',
        ],
        [
            {
                'rows': ref('stg_salesforce__opportunity_contacts'),
                'lacking': {'object_name': "'opportunity_contact_role'"},
            },
            {
                'rows': ref('stg_hubspot__opportunity_contacts'),
                'lacking': {
                    'object_name': "'deal_association'",
                    'is_deleted': 'false',
                    'last_seen_date': 'cast(null as date)',
                },
            },
            {
                'rows': ref('stg_mapped__opportunity_contacts'),
                'lacking': {'object_name': "'opportunity_contacts'", 'is_deleted': 'false'},
            },
        ],
    ) }}
),

full_extracts as (
    select * from {{ ref('stg_flywheel__full_extracts') }}
),

contacts as (
    select
        {{ key_of('source_system', 'opportunity_id') }} as opportunity_key,
        source_system,
        contact_id
    from (
        {{ still_there('staged_contacts', 'full_extracts') }}
    ) as standing
    union
    select
        opportunity_key,
        source_system,
        contact_id
    from leads
    where contact_id is not null
),

-- Somebody may be known as a lead and as a contact: a touch of both is one.
touched as (
    select
        contacts.opportunity_key,
        touches.campaign_key,
        touches.lead_id,
        touches.contact_id,
        touches.touched_at
    from contacts
    inner join touches
        on
            contacts.source_system = touches.source_system
            and contacts.contact_id = touches.contact_id
    union
    select
        leads.opportunity_key,
        touches.campaign_key,
        touches.lead_id,
        touches.contact_id,
        touches.touched_at
    from leads
    inner join touches
        on leads.source_system = touches.source_system and leads.lead_id = touches.lead_id
),

in_time as (
    select
        touched.opportunity_key,
        touched.campaign_key,
        touched.touched_at,
        cast({{ to_units('opportunities.amount') }} as bigint) as units
    from touched
    inner join opportunities on touched.opportunity_key = opportunities.opportunity_key
    cross join as_of
    where
        touched.touched_at < coalesce(opportunities.closed_at, as_of.as_of_at)
        and coalesce(
            {{ days_between('touched.touched_at', 'opportunities.created_at') }}
            <= {{ var('campaign_lookback_days') }},
            true
        )
),

placed as (
    select
        *,
        row_number() over (
            partition by opportunity_key order by touched_at, campaign_key
        ) as place,
        count(*) over (partition by opportunity_key) as touch_count
    from in_time
),

parts as (
    {% for model, condition in [
        ('first', 'place = 1'), ('last', 'place = touch_count'), ('even', 'true'),
    ] %}
    select
        opportunity_key,
        '{{ model }}' as influence_model,
        campaign_key,
        min(units) as units,
        count(*) as part_count,
        min({{ 'touch_count' if model == 'even' else '1' }}) as whole_count
    from placed
    where {{ condition }}
    group by opportunity_key, campaign_key
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Largest remainder: whole units below first, then one more each in order of what was cut off.
cut as (
    select
        *,
        mod(mod(units * part_count, whole_count) + whole_count, whole_count) as cut_off
    from parts
    where part_count < whole_count
),

floored as (
    select
        *,
        (units * part_count - cut_off) / whole_count as floor_units,
        row_number() over (
            partition by opportunity_key, influence_model
            order by cut_off desc, campaign_key asc
        ) as rest_place,
        sum(cut_off) over (partition by opportunity_key, influence_model) / whole_count
            as units_left
    from cut
),

shared as (
    select
        opportunity_key,
        influence_model,
        campaign_key,
        part_count,
        whole_count,
        floor_units + case when rest_place <= units_left then 1 else 0 end as part_units
    from floored
    union all
    select
        opportunity_key,
        influence_model,
        campaign_key,
        part_count,
        whole_count,
        units as part_units
    from parts
    where part_count = whole_count
),

final as (
    select
        opportunity_key,
        influence_model,
        campaign_key,
        {{ rate('part_count', 'whole_count') }} as share,
        {{ of_units('part_units') }} as amount
    from shared
)

select * from final
