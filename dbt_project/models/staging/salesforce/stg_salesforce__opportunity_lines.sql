-- One row a product line of an opportunity: its newest version, deleted ones included.
with

versions as (
    {{ newest_versions(
        source('salesforce', 'opportunity_line_item'), ['Id'], 'SystemModstamp'
    ) }}
),

pricebook_entries as (
    {{ newest_versions(source('salesforce', 'pricebook_entry'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        versions.Id as line_id,
        versions.OpportunityId as opportunity_id,
        coalesce(versions.Product2Id, pricebook_entries.Product2Id) as product_id,
        versions.Quantity as quantity,
        versions.UnitPrice as unit_price,
        versions.TotalPrice as amount,
        versions.ServiceDate as service_date,
        coalesce(versions.IsDeleted, false) as is_deleted,
        versions._batch_date as last_batch_date
    from versions
    left join pricebook_entries on versions.PricebookEntryId = pricebook_entries.Id
)

select * from final
