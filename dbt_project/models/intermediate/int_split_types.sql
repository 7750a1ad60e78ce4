-- One row a source × type of split: its place among the types of the source. The first one that an
-- opportunity has divides its close; an overlay credits those who helped, besides.
--
-- What divides closes shares out the whole by a rule of the CRM, where that says so. Else it names the
-- owners of opportunities; so whether a type does is seen in all that it divides, and not in one
-- opportunity, of which an overlay may share out the whole as well.
with

shares as (
    select * from {{ ref('int_split_shares') }}
),

opportunities as (
    {{ staged_opportunities() }}
),

described as (
    select * from {{ ref('stg_salesforce__opportunity_split_types') }}
),

divisions as (
    select
        shares.source_system,
        shares.opportunity_key,
        shares.split_type,
        {{ are_whole('sum(shares.share)') }} as is_whole,
        max(
            case
                when shares.rep_key
                    = {{ key_of('opportunities.source_system', 'opportunities.owner_id') }}
                    then 1
                else 0
            end
        ) = 1 as has_owner
    from shares
    inner join opportunities
        on
            shares.opportunity_key
            = {{ key_of('opportunities.source_system', 'opportunities.opportunity_id') }}
    group by shares.source_system, shares.opportunity_key, shares.split_type
),

counted as (
    select
        source_system,
        split_type,
        sum(case when is_whole and has_owner then 1 else 0 end) as whole_with_owner_count,
        sum(case when is_whole then 0 else 1 end) as partial_count
    from divisions
    group by source_system, split_type
),

final as (
    select
        counted.source_system,
        counted.split_type,
        row_number() over (
            partition by counted.source_system
            order by
                coalesce(described.is_whole_by_rule, false) desc,
                counted.whole_with_owner_count desc,
                counted.partial_count asc,
                counted.split_type asc
        ) as place
    from counted
    left join described
        on
            counted.source_system = described.source_system
            and counted.split_type = described.split_type
)

select * from final
