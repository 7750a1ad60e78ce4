-- One row a comparison that must hold for every version: counts and cents from file to mart. A
-- difference other than 0 means that rows or money were lost or doubled on the way.
with

loads as (
    select * from {{ ref('stg_flywheel__loads') }}
    where status = 'accepted'
),

bronze_rows as (
    select * from {{ ref('stg_flywheel__bronze_rows') }}
),

staged_opportunities as (
    {{ union_of(
        ['source_system', 'object_name', 'amount'],
        [
            {
                'rows': ref('stg_salesforce__opportunities'),
                'lacking': {'object_name': "'opportunity'"},
            },
            {
                'rows': ref('stg_hubspot__opportunities'),
                'lacking': {'object_name': "'deal'"},
            },
            {
                'rows': ref('stg_mapped__opportunities'),
                'lacking': {'object_name': "'opportunities'"},
            },
        ],
    ) }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

facts as (
    select * from {{ ref('fct_opportunity') }}
),

reached as (
    select * from {{ ref('fct_stage_reached') }}
),

funnel as (
    select * from {{ ref('funnel_stage_conversion') }}
    where dimension = 'all'
),

win_rates as (
    select * from {{ ref('win_rate') }}
    where metric_id = 'win_rate_period_broad' and grain = 'all' and dimension = 'all'
),

triangle as (
    select * from {{ ref('cohort_win_triangle') }}
    where age_months = 0 and dimension = 'all'
),

loaded as (
    select
        source_system,
        object_name,
        sum(rows_read) as rows_read,
        sum(rows_accepted) as rows_accepted,
        sum(rows_quarantined) as rows_quarantined
    from loads
    group by source_system, object_name
),

staged as (
    select
        source_system,
        object_name,
        count(*) as record_count,
        sum({{ to_cents('amount') }}) as amount
    from staged_opportunities
    group by source_system, object_name
),

canonical as (
    select
        source_system,
        count(*) as record_count,
        sum(case when is_deleted then 1 else 0 end) as deleted_count,
        coalesce(sum(amount_local), 0) as amount,
        coalesce(sum(case when is_deleted then amount_local end), 0) as deleted_amount
    from opportunities
    group by source_system
),

final_facts as (
    select
        source_system,
        count(*) as record_count,
        coalesce(sum(amount_local), 0) as amount,
        sum(case when is_closed then 1 else 0 end) as closed_count,
        sum(case when created_at is not null then 1 else 0 end) as dated_count
    from facts
    group by source_system
),

comparisons as (
    select
        'rows of files = accepted + quarantined' as comparison,
        source_system || '/' || object_name as subject,
        cast(rows_read as decimal(18, 2)) as expected,
        cast(rows_accepted + rows_quarantined as decimal(18, 2)) as actual
    from loaded
    union all
    select
        'accepted rows = rows in bronze',
        loaded.source_system || '/' || loaded.object_name,
        loaded.rows_accepted,
        coalesce(bronze_rows.row_count, 0)
    from loaded
    left join bronze_rows
        on
            loaded.source_system = bronze_rows.source_system
            and loaded.object_name = bronze_rows.object_name
    union all
    select
        'records in bronze = records in staging',
        bronze_rows.source_system || '/' || bronze_rows.object_name,
        bronze_rows.record_count,
        coalesce(staged.record_count, 0)
    from bronze_rows
    left join staged
        on
            bronze_rows.source_system = staged.source_system
            and bronze_rows.object_name = staged.object_name
    where bronze_rows.object_name in ('opportunity', 'deal', 'opportunities')
    union all
    select
        'opportunities in staging = in the canonical table',
        staged.source_system,
        staged.record_count,
        coalesce(canonical.record_count, 0)
    from staged
    left join canonical on staged.source_system = canonical.source_system
    union all
    select
        'money in staging = in the canonical table',
        staged.source_system,
        coalesce(staged.amount, 0),
        coalesce(canonical.amount, 0)
    from staged
    left join canonical on staged.source_system = canonical.source_system
    union all
    select
        'canonical opportunities = facts + deleted ones',
        canonical.source_system,
        canonical.record_count,
        coalesce(final_facts.record_count, 0) + canonical.deleted_count
    from canonical
    left join final_facts on canonical.source_system = final_facts.source_system
    union all
    select
        'canonical money = money of facts + of deleted ones',
        canonical.source_system,
        canonical.amount,
        coalesce(final_facts.amount, 0) + canonical.deleted_amount
    from canonical
    left join final_facts on canonical.source_system = final_facts.source_system
    union all
    select
        'stages reached = reached in the funnel',
        'all pipelines',
        (select count(*) from reached),
        (select coalesce(sum(reached_count), 0) from funnel)
    union all
    select
        'closed facts = population of the broad win rate',
        'all pipelines',
        (select coalesce(sum(closed_count), 0) from final_facts),
        (select coalesce(sum(member_count), 0) from win_rates)
    union all
    select
        'dated facts = members of all cohorts',
        'all pipelines',
        (select coalesce(sum(dated_count), 0) from final_facts),
        (select coalesce(sum(cohort_count), 0) from triangle)
),

final as (
    select
        comparison,
        subject,
        cast(expected as decimal(18, 2)) as expected,
        cast(actual as decimal(18, 2)) as actual,
        cast(actual - expected as decimal(18, 2)) as difference
    from comparisons
)

select * from final
