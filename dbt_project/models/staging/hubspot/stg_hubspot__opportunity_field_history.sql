-- One row a change of a deal's amount, close date, owner, pipeline or forecast category.
with

users as (
    {{ hubspot_owners_of_users() }}
),

versions as (
    select * from {{ ref('base_hubspot__deal_property_history') }}
    where property <> 'dealstage'
),

owners_told as (
    select * from versions
    where property = 'hubspot_owner_id'
),

owners as (
    {{ hubspot_owners_said('owners_told', 'value', 'batch_date') }}
),

in_canonical_words as (
    select
        versions.id,
        versions.property,
        case versions.property
            when 'closedate' then 'close_date'
            when 'hubspot_owner_id' then 'owner_id'
            when 'hs_manual_forecast_category' then 'forecast_category'
            else versions.property
        end as field,
        case versions.property
            when 'closedate'
                then cast({{ business_date(instant_of('versions.value')) }} as varchar)
            when 'hubspot_owner_id' then coalesce(owners.owner_id, versions.value)
            else versions.value
        end as new_value,
        versions.changed_at,
        versions.user_id,
        versions.batch_date
    from versions
    left join owners
        on
            versions.property = 'hubspot_owner_id'
            and versions.value = owners.said
            and versions.batch_date = owners.batch_date
),

final as (
    select
        'hubspot' as source_system,
        changes.id || ':' || {{ milliseconds_text('changes.changed_at') }} || ':'
        || changes.property as history_id,
        changes.id as opportunity_id,
        changes.field,
        lag(changes.new_value) over (
            partition by changes.id, changes.property
            order by changes.changed_at
        ) as old_value,
        changes.new_value,
        changes.changed_at,
        dense_rank() over (partition by changes.id order by changes.changed_at) as sequence,
        users.owner_id as actor_id,
        changes.batch_date as last_batch_date
    from in_canonical_words as changes
    left join users on changes.user_id = users.user_id
)

select * from final
