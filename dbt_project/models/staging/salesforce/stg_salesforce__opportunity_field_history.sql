-- One row a change of one tracked field of an opportunity. Salesforce writes a change of a lookup
-- twice, once with names and once with ids: of the two the ids are kept.
{%- set id_pattern = '^([A-Za-z0-9]{15}|[A-Za-z0-9]{18})$' %}
{{ config(materialized='incremental', unique_key=['history_id']) }}
with

delivered as (
    select * from {{ bronze('salesforce', 'opportunity_field_change') }}
),

changes as (
    select
        *,
        coalesce(
            DataType = 'EntityId',
            {{ first_match('coalesce(OldValue, NewValue)', id_pattern) }} is not null
            and {{ first_match('coalesce(NewValue, OldValue)', id_pattern) }} is not null
        ) as is_in_ids
    from delivered
),

pairs as (
    select
        *,
        max(case when is_in_ids then 1 else 0 end) over (
            partition by OpportunityId, Field, CreatedDate, CreatedById
        ) as has_ids
    from changes
),

typed as (
    select
        'salesforce' as source_system,
        Id as history_id,
        OpportunityId as opportunity_id,
        -- Probability keeps its own name: its values are in percent.
        case Field
            when 'Name' then 'opportunity_name'
            when 'Account' then 'account_id'
            when 'Owner' then 'owner_id'
            when 'StageName' then 'stage'
            when 'Amount' then 'amount'
            when 'CurrencyIsoCode' then 'currency_code'
            when 'CloseDate' then 'close_date'
            when 'Type' then 'opportunity_type'
            when 'LeadSource' then 'lead_source'
            when 'Campaign' then 'campaign_id'
            when 'ForecastCategoryName' then 'forecast_category'
            else Field
        end as field,
        OldValue as old_value,
        NewValue as new_value,
        CreatedDate as changed_at,
        cast(null as bigint) as sequence,
        CreatedById as actor_id,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from pairs
    where is_in_ids or has_ids = 0
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
