"""The dbt project inside the night: staging, intermediate and marts built into the candidate.

project.py   where dbt's artifacts are, and whether its manifest is still true
build.py     one `dbt build` in this process, and what came of each node
assets.py    dbt models as Dagster assets, dbt tests as blocking checks
"""
