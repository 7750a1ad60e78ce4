-- One row a metric: what it is called, what is counted over whom and by which clock, and the column
-- in which it stands. The definitions are the entries of `meta` in _metric_registry.yml.
with

registered as (
    {{ registered_metrics() }}
),

final as (
    select
        metric_id,
        metric_name,
        formula,
        population,
        clock,
        dated_by,
        unit,
        mart_name,
        column_name,
        row_filter,
        numerator_column,
        denominator_column,
        adds_up,
        interval_method,
        origin
    from registered
)

select * from final
