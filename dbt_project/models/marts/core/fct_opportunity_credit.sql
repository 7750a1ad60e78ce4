-- One row an opportunity × kind of credit × rep: whose pipeline it was when it was created, and who
-- closed it. Splits share a close out where there are any; amounts add up to the smallest unit of
-- the reporting currency.
{{ config(
    materialized='incremental',
    unique_key='opportunity_key',
    meta={'recomputed': 'int_changed_stage_events'},
) }}
with

opportunities as (
    select * from {{ changed_rows(ref('int_opportunity_facts'), 'int_changed_stage_events') }}
),

shares as (
    select * from {{ ref('int_split_shares') }}
),

split_types as (
    select * from {{ ref('int_split_types') }}
),

-- Of the types of split that an opportunity has, the first one of its source.
dividing_shares as (
    select *
    from (
        select
            shares.*,
            rank() over (
                partition by shares.opportunity_key order by split_types.place
            ) as place
        from shares
        inner join split_types
            on
                shares.source_system = split_types.source_system
                and shares.split_type = split_types.split_type
    ) as placed
    where place = 1
),

divided as (
    select distinct opportunity_key from dividing_shares
),

undivided as (
    select
        opportunity_key,
        'created' as credit_kind,
        owner_at_creation_key as rep_key,
        cast(1 as double) as share,
        amount
    from opportunities
    union all
    select
        opportunities.opportunity_key,
        'closed' as credit_kind,
        opportunities.owner_at_close_key as rep_key,
        cast(1 as double) as share,
        opportunities.amount
    from opportunities
    left join divided on opportunities.opportunity_key = divided.opportunity_key
    where opportunities.is_closed and divided.opportunity_key is null
),

credits as (
    select
        opportunities.opportunity_key,
        'closed' as credit_kind,
        dividing_shares.rep_key,
        cast(dividing_shares.share as double) as share
    from opportunities
    inner join dividing_shares
        on opportunities.opportunity_key = dividing_shares.opportunity_key
    where opportunities.is_closed
),

-- In decimals, in which a part of the units is exactly that.
parts as (
    select
        credits.*,
        {{ to_units('opportunities.amount') }} as units,
        {{ to_units('opportunities.amount') }} * cast(credits.share as decimal(18, 15))
            as part_units
    from credits
    inner join opportunities on credits.opportunity_key = opportunities.opportunity_key
),

-- Largest remainder: whole units first, then one more each in order of what was cut off.
in_units as (
    select
        *,
        cast(floor(part_units) as decimal(20, 0)) as floor_units,
        part_units - floor(part_units) as cut_off
    from parts
),

placed as (
    select
        *,
        row_number() over (
            partition by opportunity_key, credit_kind
            order by cut_off desc, rep_key asc
        ) as place,
        units - sum(floor_units) over (partition by opportunity_key, credit_kind) as units_left,
        sum(share) over (partition by opportunity_key, credit_kind) as share_sum
    from in_units
),

shared as (
    select
        *,
        cast(
            floor_units
            + case when {{ are_whole('share_sum') }} and place <= units_left then 1 else 0 end
            as decimal(20, 0)
        ) as shared_units
    from placed
),

final as (
    select
        opportunity_key,
        credit_kind,
        rep_key,
        share,
        {{ of_units('shared_units') }} as amount
    from shared
    union all
    select
        opportunity_key,
        credit_kind,
        rep_key,
        share,
        amount
    from undivided
)

select * from final
