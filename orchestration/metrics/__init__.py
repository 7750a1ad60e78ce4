"""The metrics: one registry, and what is written from it by `python -m orchestration.metrics`.

registry.py   its entries, as dbt's YAML holds them
page.py       docs/metrics.md
semantic.py   the metrics of the semantic layer, which MetricFlow reads

Does not belong here: how a metric is computed (dbt_project/models/marts/).
"""
