-- One row a user of any source, users who are only named by another record included.
with

known_users as (
    {{ union_of(
        [
            'source_system', 'user_id', 'user_name', 'manager_id', 'team', 'role', 'is_active',
            'hired_date',
        ],
        [
            ref('stg_salesforce__users'),
            ref('stg_hubspot__users'),
            ref('stg_mapped__users'),
        ],
    ) }}
),

opportunities as (
    {{ union_of(
        ['source_system', 'owner_id', 'created_by_id'],
        [
            ref('stg_salesforce__opportunities'),
            ref('stg_hubspot__opportunities'),
            ref('stg_mapped__opportunities'),
        ],
    ) }}
),

leads as (
    {{ union_of(
        ['source_system', 'owner_id'],
        [ref('stg_salesforce__leads'), ref('stg_hubspot__leads'), ref('stg_mapped__leads')],
    ) }}
),

activities as (
    select * from {{ ref('int_activities') }}
),

owner_spans as (
    select * from {{ ref('int_owner_spans') }}
),

split_shares as (
    select * from {{ ref('int_split_shares') }}
),

-- Who owned an opportunity once, or has a share of one: their keys are all that is left of them.
credited as (
    select
        source_system,
        substr(rep_key, length(source_system) + 2) as user_id
    from (
        select
            rep_key,
            {{ dbt.split_part('rep_key', "':'", 1) }} as source_system
        from (
            select owner_key as rep_key
            from owner_spans
            union
            select rep_key
            from split_shares
        ) as credits
    ) as reps
),

named_users as (
    select
        source_system,
        owner_id as user_id
    from opportunities
    where owner_id is not null
    union
    select
        source_system,
        owner_id
    from leads
    where owner_id is not null
    union
    select
        source_system,
        owner_id
    from activities
    where owner_id is not null
    union
    select
        source_system,
        created_by_id
    from opportunities
    where created_by_id is not null
    union
    select
        source_system,
        manager_id
    from known_users
    where manager_id is not null
    union
    select
        source_system,
        user_id
    from credited
    where user_id <> 'unknown'
),

only_named_users as (
    select named_users.*
    from named_users
    left join known_users
        on
            named_users.source_system = known_users.source_system
            and named_users.user_id = known_users.user_id
    where known_users.user_id is null
),

final as (
    select
        source_system,
        user_id,
        user_name,
        manager_id,
        team,
        role,
        is_active,
        hired_date
    from known_users
    union all
    select
        source_system,
        user_id,
        user_id as user_name,
        cast(null as varchar) as manager_id,
        cast(null as varchar) as team,
        cast(null as varchar) as role,
        cast(null as boolean) as is_active,
        cast(null as date) as hired_date
    from only_named_users
)

select * from final
