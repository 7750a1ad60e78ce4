-- One row a record that was merged away: into which it went, and where the chain of mergers ends.
with recursive

accounts as (
    {{ union_of(
        ['source_system', 'account_id', 'merged_into_id'],
        [
            ref('stg_salesforce__accounts'),
            ref('stg_hubspot__accounts'),
            ref('stg_mapped__accounts'),
        ],
    ) }}
),

opportunity_versions as (
    select * from {{ ref('int_opportunity_versions') }}
),

opportunities as (
    {{ union_of(
        ['source_system', 'opportunity_id', 'merged_into_id'],
        [
            ref('stg_salesforce__opportunities'),
            ref('stg_hubspot__opportunities'),
            ref('stg_mapped__opportunities'),
        ],
    ) }}
),

merged as (
    select
        'opportunity' as object_name,
        {{ key_of('source_system', 'opportunity_id') }} as merged_key,
        {{ key_of('source_system', 'merged_into_id') }} as survivor_key,
        source_system
    from opportunities
    where merged_into_id is not null and merged_into_id <> opportunity_id
    union all
    select
        'account' as object_name,
        {{ key_of('source_system', 'account_id') }} as merged_key,
        {{ key_of('source_system', 'merged_into_id') }} as survivor_key,
        source_system
    from accounts
    where merged_into_id is not null and merged_into_id <> account_id
),

-- A chain that bites its own tail ends after as many steps as anybody would merge.
chains as (
    select
        object_name,
        merged_key,
        survivor_key as reached_key,
        1 as steps
    from merged
    union all
    select
        chains.object_name,
        chains.merged_key,
        merged.survivor_key,
        chains.steps + 1
    from chains
    inner join merged
        on
            chains.object_name = merged.object_name
            and chains.reached_key = merged.merged_key
    where chains.steps < 50
),

ends as (
    select
        object_name,
        merged_key,
        reached_key as final_survivor_key
    from (
        select
            *,
            row_number() over (partition by object_name, merged_key order by steps desc) as place
        from chains
    ) as placed
    where place = 1
),

merger_nights as (
    select
        opportunity_key,
        min(batch_date) as merged_date
    from opportunity_versions
    where merged_into_id is not null
    group by opportunity_key
),

final as (
    select
        merged.object_name,
        merged.source_system,
        merged.merged_key,
        merged.survivor_key,
        ends.final_survivor_key,
        merger_nights.merged_date
    from merged
    inner join ends
        on merged.object_name = ends.object_name and merged.merged_key = ends.merged_key
    left join merger_nights
        on
            merged.object_name = 'opportunity'
            and merged.merged_key = merger_nights.opportunity_key
)

select * from final
