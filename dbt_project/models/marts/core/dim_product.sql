-- One row a product, products that only an opportunity or a line names and each source's unknown
-- included.
with

products as (
    select * from {{ ref('int_products') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

lines as (
    select * from {{ ref('fct_opportunity_line') }}
),

members as (
    select
        {{ key_of('source_system', 'product_id') }} as product_key,
        source_system,
        product_name,
        product_family,
        {{ to_cents('list_price') }} as list_price,
        is_active
    from products
),

named as (
    select
        source_system,
        product_key
    from opportunities
    union
    select
        source_system,
        product_key
    from lines
),

only_named as (
    select
        named.product_key,
        named.source_system,
        substr(named.product_key, length(named.source_system) + 2) as product_name,
        cast(null as varchar) as product_family,
        cast(null as decimal(18, 2)) as list_price,
        cast(null as boolean) as is_active
    from named
    left join members on named.product_key = members.product_key
    where members.product_key is null
),

final as (
    select * from members
    union all
    select * from only_named
)

select * from final
