"""Apache Superset on the published marts, with a dashboard that imports itself.

environment.py   Superset's own environment, beside ours: its pins and ours exclude each other
connection.py    the one connection: PostgreSQL, or the published file read-only
datasets.py      a dataset a mart, written from dbt's YAML and the registry of metrics
bundle.py        datasets, charts and dashboard as one bundle, as Superset imports it
prepare.py       runs inside Superset's environment: tables, roles, administrator, import
superset_config.py   Superset's configuration; it reads the environment of `make superset` only
dashboard/       the bundle, in Superset's own format: charts and dashboards by hand
server.py        preparing it for a home, and the command that serves it

Belongs here: starting Superset and what it imports. Does not belong here: what a number means,
which the registry of metrics says.
"""
