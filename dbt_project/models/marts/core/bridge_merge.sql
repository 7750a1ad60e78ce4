-- One row a record that was merged away: into which it went, and where the chain of mergers ends.
with

mergers as (
    select * from {{ ref('int_mergers') }}
),

final as (
    select
        object_name,
        source_system,
        merged_key,
        survivor_key,
        final_survivor_key,
        merged_date
    from mergers
)

select * from final
