-- One row a line item of a deal: its newest version, archived ones included. Lines of quotes, which
-- are of no deal, are left out.
with

versions as (
    {{ newest_versions(source('hubspot', 'line_item'), ['id'], 'hs_lastmodifieddate') }}
),

associations_of_deals as (
    {{ hubspot_associations('deals', 'deal_association', ['deal']) }}
),

associations_of_lines as (
    {{ hubspot_associations('line_items', 'line_item_association', ['line_item']) }}
),

exported as (
    {{ split_list('versions', ['id', '_batch_date'], 'deal_ids', 'deal_id') }}
),

-- Pages of deals name the object with a blank, other calls without.
pairs as (
    select
        to_id as line_id,
        from_id as deal_id,
        _batch_date
    from associations_of_deals
    where to_object in ('line items', 'line_items')
    union all
    select
        from_id,
        to_id,
        _batch_date
    from associations_of_lines
    where to_object = 'deals'
    union all
    select
        id,
        deal_id,
        _batch_date
    from exported
),

-- A line belongs to one deal: the one that was named last.
deals_of_lines as (
    select
        line_id,
        deal_id
    from (
        select
            *,
            row_number() over (partition by line_id order by _batch_date desc, deal_id asc) as place
        from pairs
    ) as placed
    where place = 1
),

final as (
    select
        'hubspot' as source_system,
        versions.id as line_id,
        deals_of_lines.deal_id as opportunity_id,
        versions.hs_product_id as product_id,
        versions.quantity,
        versions.price as unit_price,
        versions.amount,
        versions.hs_recurring_billing_start_date as service_date,
        coalesce(versions.archived, false) as is_deleted,
        versions._batch_date as last_batch_date
    from versions
    inner join deals_of_lines on versions.id = deals_of_lines.line_id
)

select * from final
