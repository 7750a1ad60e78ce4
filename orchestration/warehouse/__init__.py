"""The dbt project inside the night: staging, intermediate and marts built into the candidate.

project.py   where dbt's artifacts are, and whether its manifest is still true
seed.py      what a candidate begins as: a copy of the published version, or nothing
copying.py   that copy, as cheap as the file system makes it
silence.py   dbt's events that nobody reads, not written out
build.py     one `dbt build` in this process, and what came of each node
assets.py    dbt models as Dagster assets, dbt tests as blocking checks
"""
