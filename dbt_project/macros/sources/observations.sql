{#-
    Records as nights delivered them, in canonical columns: the body of a CTE. The newest version of
    a record and the versions that it ever had are both made from this.
-#}

{% macro salesforce_opportunity_observations() -%}
    select
        'salesforce' as source_system,
        Id as opportunity_id,
        Name as opportunity_name,
        AccountId as account_id,
        OwnerId as owner_id,
        CreatedById as created_by_id,
        'default' as pipeline,
        StageName as stage,
        Amount as amount,
        CurrencyIsoCode as currency_code,
        CreatedDate as created_at,
        CloseDate as close_date,
        cast(null as timestamp) as closed_at,
        Type as opportunity_type,
        LeadSource as lead_source,
        CampaignId as campaign_id,
        cast(null as varchar) as product_id,
        coalesce(
            ForecastCategoryName, {{ forecast_category_name('ForecastCategory') }}
        ) as forecast_category,
        Probability / 100 as probability,
        cast(null as varchar) as loss_reason,
        coalesce(IsDeleted, false) as is_deleted,
        cast(null as varchar) as merged_into_id,
        SystemModstamp as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
        {{- passthrough_columns(bronze('salesforce', 'opportunity'), 'delivered') }}
    from {{ bronze('salesforce', 'opportunity') }} as delivered
{%- endmacro %}

{% macro mapped_opportunity_observations() -%}
    select
        _source as source_system,
        opportunity_id,
        opportunity_name,
        account_id,
        owner_id,
        created_by_id,
        coalesce(pipeline, 'default') as pipeline,
        stage,
        amount,
        currency_code,
        created_at,
        close_date,
        closed_at,
        opportunity_type,
        lead_source,
        campaign_id,
        product_id,
        forecast_category,
        probability,
        loss_reason,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from {{ bronze('mapped', 'opportunities') }} as delivered
{%- endmacro %}

{% macro salesforce_account_observations() -%}
    select
        'salesforce' as source_system,
        Id as account_id,
        -- The name of a person account is that of a person.
        case when IsPersonAccount then 'Person ' || Id else Name end as account_name,
        Industry as industry,
        cast(null as varchar) as segment,
        BillingCountry as country,
        NumberOfEmployees as employee_count,
        AnnualRevenue as annual_revenue,
        Type as account_type,
        ParentId as parent_id,
        OwnerId as owner_id,
        CreatedDate as created_at,
        coalesce(IsDeleted, false) as is_deleted,
        MasterRecordId as merged_into_id,
        SystemModstamp as modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
        {{- passthrough_columns(bronze('salesforce', 'account'), 'delivered') }}
    from {{ bronze('salesforce', 'account') }} as delivered
{%- endmacro %}

{% macro mapped_account_observations() -%}
    select
        _source as source_system,
        account_id,
        account_name,
        industry,
        segment,
        country,
        employee_count,
        annual_revenue,
        account_type,
        parent_id,
        owner_id,
        created_at,
        coalesce(is_deleted, false) as is_deleted,
        merged_into_id,
        modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from {{ bronze('mapped', 'accounts') }} as delivered
{%- endmacro %}

{% macro salesforce_user_observations() -%}
    select
        'salesforce' as source_system,
        delivered.Id as user_id,
        coalesce(delivered.Name, delivered.Id) as user_name,
        delivered.Email as email,
        delivered.Department as team,
        coalesce(user_roles.Name, delivered.Title) as role,
        coalesce(delivered.IsActive, true) as is_active,
        {{ business_date('delivered.CreatedDate') }} as hired_date,
        delivered.TimeZoneSidKey as time_zone,
        delivered.SystemModstamp as modified_at,
        delivered.ManagerId as manager_id,
        delivered._batch_date as batch_date,
        delivered._load_number as load_number,
        delivered._row_number as row_number
        {{- passthrough_columns(source('salesforce', 'user'), 'delivered') }}
    from {{ source('salesforce', 'user') }} as delivered
    left join (
        {{ newest_versions(source('salesforce', 'user_role'), ['Id'], 'SystemModstamp') }}
    ) as user_roles
        on delivered.UserRoleId = user_roles.Id
{%- endmacro %}

{% macro mapped_user_observations() -%}
    select
        _source as source_system,
        user_id,
        coalesce(user_name, user_id) as user_name,
        email,
        manager_id,
        team,
        role,
        coalesce(is_active, true) as is_active,
        hired_date,
        time_zone,
        modified_at,
        _batch_date as batch_date,
        _load_number as load_number,
        _row_number as row_number
    from {{ source('mapped', 'users') }} as delivered
{%- endmacro %}

{#-
    Owners, with the main team as far as the night had told it. Teams are told beside owners, and by
    one that has none not at all.
-#}
{% macro hubspot_user_observations() -%}
    select
        'hubspot' as source_system,
        owners.id as user_id,
        coalesce(
            {{ full_name('owners.firstName', 'owners.lastName') }}, owners.email, owners.id
        ) as user_name,
        cast(null as varchar) as manager_id,
        main_teams.team,
        cast(null as varchar) as role,
        not coalesce(owners.archived, false) as is_active,
        {{ business_date('owners.createdAt') }} as hired_date,
        owners.updatedAt as modified_at,
        owners._batch_date as batch_date,
        owners._load_number as load_number,
        owners._row_number as row_number
    from {{ source('hubspot', 'owner') }} as owners
    left join (
        select
            owner_id,
            batch_date,
            team,
            lead(batch_date) over (partition by owner_id order by batch_date) as next_batch_date
        from (
            select
                memberships.ownerId as owner_id,
                memberships._batch_date as batch_date,
                coalesce(teams.name, memberships.name) as team,
                row_number() over (
                    partition by memberships.ownerId, memberships._batch_date
                    order by coalesce(memberships.primary, false) desc, memberships.id asc
                ) as place
            from {{ source('hubspot', 'owner_team') }} as memberships
            left join ({{ newest_versions(source('hubspot', 'team'), ['id']) }}) as teams
                on memberships.id = teams.id
        ) as placed
        where place = 1
    ) as main_teams
        on
            owners.id = main_teams.owner_id
            and owners._batch_date >= main_teams.batch_date
            and (
                main_teams.next_batch_date is null
                or owners._batch_date < main_teams.next_batch_date
            )
{%- endmacro %}
