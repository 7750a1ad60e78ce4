-- How many marts a version has, and how many versions it knows the metrics of.
select
    (select count(*) from information_schema.tables where table_schema = 'marts') as mart_count,
    (select count(distinct version) from ops.metric_value) as version_count
