-- One row a product: its newest version, deleted ones included. Its list price is that of the
-- standard price book, unless that one asks for different prices in different currencies.
with

versions as (
    {{ newest_versions(source('salesforce', 'product2'), ['Id'], 'SystemModstamp') }}
),

pricebooks as (
    {{ newest_versions(source('salesforce', 'pricebook2'), ['Id'], 'SystemModstamp') }}
),

pricebook_entries as (
    {{ newest_versions(source('salesforce', 'pricebook_entry'), ['Id'], 'SystemModstamp') }}
),

list_prices as (
    select
        pricebook_entries.Product2Id,
        max(pricebook_entries.UnitPrice) as list_price
    from pricebook_entries
    inner join pricebooks on pricebook_entries.Pricebook2Id = pricebooks.Id
    where
        pricebooks.IsStandard
        and coalesce(pricebook_entries.IsActive, true)
        and not coalesce(pricebook_entries.IsDeleted, false)
    group by pricebook_entries.Product2Id
    having
        count(distinct pricebook_entries.UnitPrice) = 1
        and count(distinct pricebook_entries.CurrencyIsoCode) < 2
),

final as (
    select
        'salesforce' as source_system,
        versions.Id as product_id,
        coalesce(versions.Name, versions.Id) as product_name,
        versions.Family as product_family,
        list_prices.list_price,
        coalesce(versions.IsActive, true) as is_active,
        coalesce(versions.IsDeleted, false) as is_deleted,
        versions._batch_date as last_batch_date
    from versions
    left join list_prices on versions.Id = list_prices.Product2Id
)

select * from final
