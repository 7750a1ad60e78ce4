-- One row a source: the newest night that this version holds of it.
select
    source_system,
    max(batch_date) as newest_night
from ops.load_audit
where status in ('loaded', 'accepted')
group by source_system
order by newest_night, source_system
