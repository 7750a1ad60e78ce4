-- One row a metric: what a report calls it, and its unit.
select
    metric_id,
    metric_name,
    unit
from marts.metric_registry
