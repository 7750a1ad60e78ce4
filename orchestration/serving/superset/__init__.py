"""Apache Superset on the published marts, with a dashboard that imports itself.

environment.py   Superset's own environment, beside ours: its pins and ours exclude each other
connection.py    the one connection: PostgreSQL, or the published file read-only
datasets.py      a dataset a mart, written from dbt's YAML and the registry of metrics
bundle.py        datasets, charts and dashboard as one bundle, as Superset imports it
server.py        preparing Superset for a home, and the command that serves it
prepare.py       runs inside Superset's environment: tables, roles, administrator, import
superset_config.py   Superset's configuration
dashboard/       the bundle, in Superset's own format: charts and dashboards by hand

Belongs here: starting Superset and what it imports. Does not belong here: what a number means,
which the registry of metrics says.
"""
