-- One row an opportunity × kind of credit × rep: whose pipeline it was when it was created, and who
-- closed it. Splits share a close out where there are any; amounts add up to the cent.
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

-- Of several types of split, one that shares out the whole; overlays do not.
split_types as (
    select
        opportunity_key,
        split_type
    from (
        select
            opportunity_key,
            split_type,
            row_number() over (
                partition by opportunity_key
                order by
                    case when abs(sum(share) - 1) < 0.000001 then 0 else 1 end,
                    split_type
            ) as place
        from shares
        group by opportunity_key, split_type
    ) as placed
    where place = 1
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
    left join split_types on opportunities.opportunity_key = split_types.opportunity_key
    where opportunities.is_closed and split_types.opportunity_key is null
),

credits as (
    select
        opportunities.opportunity_key,
        'closed' as credit_kind,
        shares.rep_key,
        cast(shares.share as double) as share
    from opportunities
    inner join split_types on opportunities.opportunity_key = split_types.opportunity_key
    inner join shares
        on
            split_types.opportunity_key = shares.opportunity_key
            and split_types.split_type = shares.split_type
    where opportunities.is_closed
),

-- In decimals, in which a part of the cents is exactly that.
parts as (
    select
        credits.*,
        cast(cast(opportunities.amount as decimal(20, 2)) * 100 as decimal(20, 0)) as cents,
        cast(cast(opportunities.amount as decimal(20, 2)) * 100 as decimal(20, 0))
        * cast(credits.share as decimal(18, 15)) as part_cents
    from credits
    inner join opportunities on credits.opportunity_key = opportunities.opportunity_key
),

-- Largest remainder: whole cents first, then one more each in order of what was cut off.
in_cents as (
    select
        *,
        cast(floor(part_cents) as decimal(20, 0)) as floor_cents,
        part_cents - floor(part_cents) as cut_off
    from parts
),

placed as (
    select
        *,
        row_number() over (
            partition by opportunity_key, credit_kind
            order by cut_off desc, rep_key asc
        ) as place,
        cents - sum(floor_cents) over (partition by opportunity_key, credit_kind) as cents_left,
        sum(share) over (partition by opportunity_key, credit_kind) as share_sum
    from in_cents
),

final as (
    select
        opportunity_key,
        credit_kind,
        rep_key,
        share,
        cast(
            cast(
                floor_cents
                + case when abs(share_sum - 1) < 0.000001 and place <= cents_left then 1 else 0 end
                as decimal(20, 0)
            ) * 0.01 as decimal(18, 2)
        ) as amount
    from placed
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
