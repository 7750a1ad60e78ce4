{#-
    Accounts: the columns that every family of sources is put into, and what several models make of
    them. What nights showed of one is put in order by versions.sql.
-#}

{% macro account_columns() -%}
    {{ return([
        'source_system', 'account_id', 'account_name', 'industry', 'segment', 'country',
        'employee_count', 'annual_revenue', 'account_type', 'parent_id', 'owner_id', 'created_at',
        'is_deleted', 'merged_into_id',
    ]) }}
{%- endmacro %}

{#- The newest record of every account, over all families of sources. -#}
{% macro staged_accounts() -%}
    {{ union_of(
        account_columns(),
        [
            ref('stg_salesforce__accounts'),
            ref('stg_hubspot__accounts'),
            ref('stg_mapped__accounts'),
        ],
    ) }}
{%- endmacro %}

{#-
    The account that every opportunity, lead and activity names, over all families of sources, with
    the last night that delivered the record.
-#}
{% macro named_accounts() -%}
    {{ union_of(
        ['source_system', 'account_id', 'last_seen_date'],
        [
            ref('stg_salesforce__opportunities'),
            ref('stg_hubspot__opportunities'),
            ref('stg_mapped__opportunities'),
            ref('stg_salesforce__leads'),
            {
                'rows': ref('stg_hubspot__leads'),
                'lacking': {'last_seen_date': 'last_batch_date'},
            },
            ref('stg_mapped__leads'),
            ref('int_activities'),
        ],
    ) }}
{%- endmacro %}

{#- Accounts that others name and no source delivers, `names` and `accounts` being relations. -#}
{% macro accounts_only_named(names, accounts) -%}
    select distinct
        named.source_system,
        named.account_id
    from {{ names }} as named
    left join {{ accounts }} as delivered
        on
            named.source_system = delivered.source_system
            and named.account_id = delivered.account_id
    where named.account_id is not null and delivered.account_id is null
{%- endmacro %}

{#- Segment as the source names it; else a band by head count. -#}
{% macro segment_of(segment, employee_count) -%}
    coalesce(
        {{ segment }},
        case
            when {{ employee_count }} < 100 then 'small'
            when {{ employee_count }} < 1000 then 'mid_market'
            when {{ employee_count }} >= 1000 then 'enterprise'
        end
    )
{%- endmacro %}
