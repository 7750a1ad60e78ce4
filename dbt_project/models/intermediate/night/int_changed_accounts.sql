-- One row an account that this night has to compute anew; none in a build of everything.
--
-- A load names it, or nights showed it missing or back; an opportunity, a lead or an activity began
-- or ceased to name it; or HubSpot says something else of it in the records of others. Unknown members
-- are made each night, also of a source that names no account.
{#- Each reads few rows of it: a CTE that several read would be kept whole. -#}
{%- set names -%}
    (
        {{ named_accounts() }}
    )
{%- endset %}
with

touched_records as (
    {{ union_of(
        ['source_system', 'object_name', 'record_id'],
        [
            ref('stg_salesforce__touched_records'),
            ref('stg_hubspot__touched_records'),
            ref('stg_mapped__touched_records'),
        ],
    ) }}
),

staged as (
    {{ staged_accounts() }}
),

versions as (
    select * from {{ ref('int_account_versions') }}
),

{% if is_later_night() -%}
before as (
    select * from {{ before_this_night('intermediate', 'int_accounts') }}
),

only_named_before as (
    select * from before
    where is_only_named
),

-- What a night may have made of names: its loads brought some, and may have taken the last one of an
-- account. HubSpot's names come with the records of others, too.
names_asked as (
    {{ records_brought(names, 'account_id') }}
    union
    select
        source_system,
        account_id
    from {{ names }} as names
    where source_system = 'hubspot'
    union
    select
        names.source_system,
        names.account_id
    from {{ names }} as names
    inner join only_named_before
        on
            names.source_system = only_named_before.source_system
            and names.account_id = only_named_before.account_id
),

only_named as (
    {{ accounts_only_named('names_asked', 'staged') }}
),

hubspot_accounts as (
    select
        *,
        {{ segment_of('segment', 'employee_count') }} as said_segment
    from staged
    where source_system = 'hubspot'
),

hubspot_accounts_before as (
    select
        *,
        segment as said_segment
    from before
    where source_system = 'hubspot' and not is_only_named
),

concerned as (
    select
        source_system,
        record_id as account_id
    from touched_records
    where object_name = 'account'
    union
    select
        versions.source_system,
        versions.account_id
    from versions
    inner join ({{ new_nights() }}) as nights
        on
            versions.source_system = nights.source_system
            and versions.batch_date = nights.batch_date
    union
    select
        source_system,
        account_id
    from (
        {{ difference_of('only_named', 'only_named_before', ['source_system', 'account_id']) }}
    ) as changed_names
    union
    select
        source_system,
        account_id
    from (
        {{ difference_of(
            'hubspot_accounts',
            'hubspot_accounts_before',
            account_columns() | reject('equalto', 'segment') | list + ['said_segment'],
        ) }}
    ) as changed_by_others
    union
    select
        source_system,
        'unknown' as account_id
    from (
        select source_system from ({{ new_nights() }}) as nights
        union
        select source_system from {{ before_this_night('intermediate', 'int_opportunities') }}
        union
        select source_system from {{ before_this_night('intermediate', 'int_leads') }}
    ) as sources
),
{%- else -%}
concerned as (
    select
        source_system,
        record_id as account_id
    from touched_records
    where false
),
{%- endif %}

final as (
    select
        {{ key_of('source_system', 'account_id') }} as account_key,
        source_system,
        account_id
    from concerned
)

select * from final
