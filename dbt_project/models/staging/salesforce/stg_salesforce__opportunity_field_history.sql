-- One row a change of one tracked field of an opportunity. Salesforce writes a change of a lookup
-- twice, once with names and once with ids: of the two the ids are kept. Owners that are told by name
-- alone are the users who had borne the names by the night; of what no id is found for, the change is
-- one of the name.
{%- set lookups = {'Owner': 'owner', 'Account': 'account', 'Campaign': 'campaign'} %}
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
            {{ is_salesforce_id('coalesce(OldValue, NewValue)', 'Field') }}
            and {{ is_salesforce_id('coalesce(NewValue, OldValue)', 'Field') }}
        ) as is_in_ids
    from delivered
),

users as (
    select * from {{ source('salesforce', 'user') }}
),

pairs as (
    select
        *,
        max(case when is_in_ids then 1 else 0 end) over (
            partition by OpportunityId, Field, CreatedDate, CreatedById
        ) as has_ids
    from changes
),

kept as (
    select
        *,
        Field = 'Owner' and not is_in_ids as is_owner_by_name
    from pairs
    where is_in_ids or has_ids = 0
),

nights as (
    select distinct _batch_date
    from kept
    where is_owner_by_name
),

-- Whoever shares a name with somebody is nobody for sure.
named_users as (
    select
        nights._batch_date,
        users.Name,
        max(users.Id) as user_id
    from nights
    inner join users on nights._batch_date >= users._batch_date
    group by nights._batch_date, users.Name
    having count(distinct users.Id) = 1
),

in_ids as (
    select
        kept.*,
        case
            when kept.is_in_ids then {{ long_salesforce_id('kept.OldValue') }}
            when kept.is_owner_by_name then old_owners.user_id
        end as old_id,
        case
            when kept.is_in_ids then {{ long_salesforce_id('kept.NewValue') }}
            when kept.is_owner_by_name then new_owners.user_id
        end as new_id
    from kept
    left join named_users as old_owners
        on
            kept.is_owner_by_name
            and kept.OldValue = old_owners.Name
            and kept._batch_date = old_owners._batch_date
    left join named_users as new_owners
        on
            kept.is_owner_by_name
            and kept.NewValue = new_owners.Name
            and kept._batch_date = new_owners._batch_date
),

told as (
    select
        *,
        is_in_ids or new_id is not null as is_told_by_id
    from in_ids
),

typed as (
    select
        'salesforce' as source_system,
        Id as history_id,
        OpportunityId as opportunity_id,
        -- Probability keeps its own name: its values are in percent.
        case Field
            when 'Name' then 'opportunity_name'
            {%- for lookup, canonical in lookups.items() %}
            when '{{ lookup }}'
                then '{{ canonical }}' || case when is_told_by_id then '_id' else '_name' end
            {%- endfor %}
            when 'StageName' then 'stage'
            when 'Amount' then 'amount'
            when 'CurrencyIsoCode' then 'currency_code'
            when 'CloseDate' then 'close_date'
            when 'Type' then 'opportunity_type'
            when 'LeadSource' then 'lead_source'
            when 'ForecastCategoryName' then 'forecast_category'
            else Field
        end as field,
        case when is_told_by_id then old_id else OldValue end as old_value,
        case when is_told_by_id then new_id else NewValue end as new_value,
        CreatedDate as changed_at,
        cast(null as bigint) as sequence,
        CreatedById as actor_id,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from told
),

final as (
    {{ newest_observations('typed') }}
)

select * from final
