-- One row a check of this version's run that failed; those that refuse cannot be among them.
select
    suite,
    "check" as check_name,
    "table" as table_name,
    severity,
    description,
    observed,
    unexpected_count
from ops.gate_result
where run_id = $run and not success
order by severity = 'warning' desc, unexpected_count desc nulls last, suite, check_name
