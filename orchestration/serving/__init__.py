"""Ways from a published version to people: SQL on the file, PostgreSQL for BI tools.

query.py      statements on the file, and their answers as a table or as CSV, JSON, Parquet
shell.py      the small shell of `flywheel sql`
postgres/     a version in PostgreSQL
superset/     Apache Superset on either, with a dashboard as code
"""
