-- What bronze holds, once each and with small numbers for what is joined and sorted again and again:
-- opportunities, stages and people by number, categories and slices as enums.

create schema marts;

create temp table today as
select
    max(batch_date) as as_of_date,
    cast(max(batch_date) + 1 as timestamp) as as_of_at
from read_parquet(getvariable('bronze') || '/ledger.parquet')
where status <> 'refused';

create temp table stages as
with

newest as (
    select
        coalesce(ApiName, MasterLabel) as stage_id,
        MasterLabel as stage_name,
        SortOrder as sort_order,
        case when IsWon then 'won' when IsClosed then 'lost' else 'open' end as stage_kind,
        DefaultProbability / 100 as default_probability,
        IsActive as is_listed,
        _batch_date as batch_date
    from read_parquet(getvariable('bronze') || '/salesforce/opportunity_stage/*/*.parquet')
    qualify row_number() over (
        partition by coalesce(ApiName, MasterLabel)
        order by _batch_date desc, _load_number desc, _row_number desc
    ) = 1
)

select
    -- The order within one second, too: open ones by rank, then lost, then won.
    cast(row_number() over (
        order by array_position(['open', 'lost', 'won'], stage_kind), sort_order, stage_id
    ) as tinyint) as stage,
    'salesforce:default:' || stage_id as stage_key,
    stage_id,
    stage_name,
    cast(case
        when stage_kind = 'open'
            then row_number() over (partition by stage_kind order by sort_order, stage_id)
    end as integer) as stage_rank,
    stage_kind,
    default_probability,
    is_listed and batch_date = max(batch_date) over () as is_active
from newest;

set variable stage_count = (select max(stage_rank) from stages);
set variable qualified_rank = least(2, getvariable('stage_count'));
set variable won = (select stage from stages where stage_kind = 'won');

create temp table account_mergers as
with recursive

accounts as (
    select
        Id as account_id,
        any_value(MasterRecordId order by _batch_date desc) as survivor_id
    from read_parquet(getvariable('bronze') || '/salesforce/account/*/*.parquet')
    where MasterRecordId <> Id
    group by Id
),

chains as (
    select
        account_id,
        survivor_id,
        survivor_id as reached_id,
        1 as steps
    from accounts
    union all
    select
        chains.account_id,
        chains.survivor_id,
        accounts.survivor_id as reached_id,
        chains.steps + 1 as steps
    from chains
    inner join accounts on chains.reached_id = accounts.account_id
    where chains.steps < 50
)

select
    account_id,
    survivor_id,
    max_by(reached_id, steps) as final_survivor_id
from chains
group by account_id, survivor_id;

create temp table accounts as
with

delivered as (
    from read_parquet(getvariable('bronze') || '/salesforce/account/*/*.parquet')
),

repeated as (
    select Id
    from delivered
    group by Id
    having count(*) > 1
),

newest as (
    select *
    from delivered
    where Id not in (from repeated)
    union all by name
    select *
    from delivered
    where Id in (from repeated)
    qualify row_number() over (
        partition by Id
        order by SystemModstamp desc nulls last, _batch_date desc, _load_number desc, _row_number desc
    ) = 1
)

select
    Id as account_id,
    Name as account_name,
    Industry as industry,
    case
        when NumberOfEmployees < 100 then 'small'
        when NumberOfEmployees < 1000 then 'mid_market'
        when NumberOfEmployees >= 1000 then 'enterprise'
    end as segment,
    BillingCountry as country,
    NumberOfEmployees as employee_count,
    AnnualRevenue as annual_revenue,
    Type as account_type,
    ParentId as parent_id,
    OwnerId as owner_id,
    MasterRecordId as merged_into_id,
    IsDeleted as is_deleted
from newest;

create temp table delivered_opportunities as
with

delivered as (
    select
        Id,
        AccountId,
        OwnerId,
        CreatedById,
        Name,
        StageName,
        Amount,
        CurrencyIsoCode,
        CloseDate,
        CreatedDate,
        Type,
        LeadSource,
        CampaignId,
        coalesce(
            ForecastCategoryName,
            case ForecastCategory
                when 'BestCase' then 'Best Case' when 'Forecast' then 'Commit' else ForecastCategory
            end
        ) as forecast_category,
        Probability,
        coalesce(IsDeleted, false) as is_deleted,
        SystemModstamp,
        _batch_date,
        _load_number,
        _row_number
    from read_parquet(getvariable('bronze') || '/salesforce/opportunity/*/*.parquet')
),

repeated as (
    select Id
    from delivered
    group by Id
    having count(*) > 1
)

select *
from delivered
where Id not in (from repeated)
union all
select *
from delivered
where Id in (from repeated)
qualify row_number() over (
    partition by Id
    order by SystemModstamp desc nulls last, _batch_date desc, _load_number desc, _row_number desc
) = 1;

create temp table people as
select
    user_id,
    cast(row_number() over (order by user_id) as smallint) as person,
    'salesforce:' || user_id as rep_key
from (
    select OwnerId as user_id from delivered_opportunities
    union
    select CreatedById as user_id from delivered_opportunities
    union
    select ManagerId as user_id
    from read_parquet(getvariable('bronze') || '/salesforce/user/*/*.parquet')
    union
    select Id as user_id
    from read_parquet(getvariable('bronze') || '/salesforce/user/*/*.parquet')
) as named
where user_id is not null;

create type lead_sources as enum (
    select distinct coalesce(LeadSource, 'unknown') from delivered_opportunities
);
create type opportunity_types as enum (
    select distinct coalesce(Type, 'unknown') from delivered_opportunities
);
create type industries as enum (
    select industry from accounts where industry is not null union select 'unknown'
);
create type segments as enum ('small', 'mid_market', 'enterprise', 'unknown');
create type categories as enum ('Pipeline', 'Best Case', 'Commit', 'Closed', 'Omitted');

create temp table opportunities as
select
    cast(row_number() over () as integer) as opportunity,
    delivered.Id as opportunity_id,
    delivered.Name as opportunity_name,
    coalesce(mergers.final_survivor_id, delivered.AccountId, 'unknown') as account_id,
    owners.person as owner,
    creators.person as creator,
    stages.stage,
    stages.stage_kind as outcome,
    cast(round_even(cast(delivered.Amount as decimal(18, 6)), 2) as decimal(18, 2)) as amount,
    coalesce(delivered.CurrencyIsoCode, 'USD') as currency_code,
    delivered.CreatedDate as created_at,
    delivered.CloseDate as close_date,
    cast(coalesce(delivered.Type, 'unknown') as opportunity_types) as opportunity_type,
    cast(coalesce(delivered.LeadSource, 'unknown') as lead_sources) as lead_source,
    cast(coalesce(accounts.industry, 'unknown') as industries) as account_industry,
    cast(coalesce(accounts.segment, 'unknown') as segments) as segment,
    coalesce(delivered.CampaignId, 'unknown') as campaign_id,
    cast(delivered.forecast_category as categories) as forecast_category,
    delivered.Probability / 100 as probability,
    delivered.SystemModstamp as modified_at,
    delivered._batch_date as batch_date,
    delivered.is_deleted
from delivered_opportunities as delivered
inner join stages on delivered.StageName = stages.stage_id
left join people as owners on delivered.OwnerId = owners.user_id
left join people as creators on delivered.CreatedById = creators.user_id
left join account_mergers as mergers on delivered.AccountId = mergers.account_id
left join accounts
    on coalesce(mergers.final_survivor_id, delivered.AccountId) = accounts.account_id;

drop table delivered_opportunities;

-- The state after each recorded change, beside the state before it.
create temp table records as
with

delivered as (
    select
        Id,
        OpportunityId,
        StageName,
        Amount,
        CloseDate,
        ForecastCategory,
        CreatedDate,
        CreatedById,
        _batch_date,
        _load_number,
        _row_number
    from read_parquet(getvariable('bronze') || '/salesforce/opportunity_history/*/*.parquet')
),

repeated as (
    select Id
    from delivered
    group by Id
    having count(*) > 1
),

newest as (
    select *
    from delivered
    where Id not in (from repeated)
    union all
    select *
    from delivered
    where Id in (from repeated)
    qualify row_number() over (
        partition by Id order by _batch_date desc, _load_number desc, _row_number desc
    ) = 1
)

select
    opportunities.opportunity,
    cast(row_number() over by_time as integer) as record_number,
    newest.Id as history_id,
    newest.CreatedDate as changed_at,
    people.person as actor,
    stages.stage,
    cast(round_even(cast(newest.Amount as decimal(18, 6)), 2) as decimal(18, 2)) as amount,
    newest.CloseDate as close_date,
    categories.category,
    lead(newest.CreatedDate) over by_time as next_changed_at,
    lag(stages.stage) over by_time as previous_stage,
    lag(cast(round_even(cast(newest.Amount as decimal(18, 6)), 2) as decimal(18, 2))) over by_time
        as previous_amount,
    lag(newest.CloseDate) over by_time as previous_close_date,
    lag(categories.category) over by_time as previous_category
from newest
inner join opportunities on newest.OpportunityId = opportunities.opportunity_id
inner join stages on newest.StageName = stages.stage_id
left join people on newest.CreatedById = people.user_id
left join (
    values
    ('Pipeline', cast('Pipeline' as categories)), ('BestCase', cast('Best Case' as categories)),
    ('Forecast', cast('Commit' as categories)), ('Closed', cast('Closed' as categories)),
    ('Omitted', cast('Omitted' as categories))
) as categories (api_name, category)
    on newest.ForecastCategory = categories.api_name
window by_time as (
    partition by opportunities.opportunity
    order by newest.CreatedDate, stages.stage, newest.Id
);
