-- One row: what the run that made this version read and refused.
select
    count(*) as file_count,
    cast(coalesce(sum(rows_read), 0) as bigint) as read_count,
    cast(coalesce(sum(rows_accepted), 0) as bigint) as accepted_count,
    cast(coalesce(sum(rows_quarantined), 0) as bigint) as quarantined_count
from ops.load_audit
where run_id = $run
