"""The metrics: one registry, and what is written from it.

Belongs here: reading the registry, the page docs/metrics.md, the metrics of the semantic layer.
Does not belong here: how a metric is computed (dbt_project/models/marts/).
"""
