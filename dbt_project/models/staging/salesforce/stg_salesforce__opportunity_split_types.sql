-- One row a type of split: the newest version.
with

versions as (
    {{ newest_versions(source('salesforce', 'opportunity_split_type'), ['Id'], 'SystemModstamp') }}
),

final as (
    select
        'salesforce' as source_system,
        Id as split_type,
        IsTotalValidated as is_whole_by_rule
    from versions
)

select * from final
