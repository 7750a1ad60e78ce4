-- One row a company × file that delivered it, and one a company × night that first said what it was
-- merged into: HubSpot says so in the record that survived, and delivers the other one no more.
{{ config(materialized='ephemeral') }}
{%- set said_columns = [
    'id', 'name', 'domain', 'industry', 'country', 'numberofemployees', 'annualrevenue',
    'type', 'hs_parent_company_id', 'hubspot_owner_id', 'createdate', 'archived',
] %}
with

delivered as (
    select * from {{ bronze('hubspot', 'company') }}
),

-- Who was merged, and what was known of it, is asked of every night.
rows_of_all_nights as (
    select * from {{ source('hubspot', 'company') }}
),

merger_spans as (
    {{ hubspot_merger_spans('rows_of_all_nights') }}
),

merged as (
    {{ hubspot_merged_rows('rows_of_all_nights', 'merger_spans') }}
),

said as (
    {{ hubspot_said('delivered', 'merged', said_columns) }}
),

owners as (
    {{ hubspot_owners_said('said', batch_date='batch_date') }}
),

final as (
    select
        'hubspot' as source_system,
        said.id as account_id,
        coalesce(said.name, said.domain) as account_name,
        said.industry,
        cast(null as varchar) as segment,
        said.country,
        said.numberofemployees as employee_count,
        said.annualrevenue as annual_revenue,
        said.type as account_type,
        said.hs_parent_company_id as parent_id,
        coalesce(owners.owner_id, said.hubspot_owner_id) as owner_id,
        said.createdate as created_at,
        coalesce(said.archived, false) as is_deleted,
        merger_spans.survivor_id as merged_into_id,
        said.hs_lastmodifieddate as modified_at,
        said.batch_date,
        said.load_number,
        said.row_number
    from said
    left join owners
        on said.hubspot_owner_id = owners.said and said.batch_date = owners.batch_date
    left join merger_spans
        on
            said.id = merger_spans.merged_id
            and said.batch_date >= merger_spans.first_date
            and (merger_spans.end_date is null or said.batch_date < merger_spans.end_date)
)

select * from final
