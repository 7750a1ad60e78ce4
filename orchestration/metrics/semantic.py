"""The metrics of the semantic layer, written from the registry.

Belongs here: turning entries into dbt's metrics, which MetricFlow reads. Does not belong here:
entities, dimensions and measures, which _semantic__models.yml beside them says by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from orchestration.metrics.registry import Metric
from orchestration.settings import PROJECT_ROOT

SEMANTIC_METRICS = PROJECT_ROOT / "dbt_project" / "models" / "semantic" / "_semantic__metrics.yml"
_HEAD = "# Written from the registry of metrics by orchestration/metrics/: change that.\n"


def semantic_metrics(metrics: Iterable[Metric]) -> str:
    """The text of _semantic__metrics.yml: every metric that is a plain aggregate."""
    document = {"metrics": [_metric(metric) for metric in metrics if metric.is_semantic]}
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _metric(metric: Metric) -> dict[str, Any]:
    said = {
        "name": metric.id,
        "label": metric.name,
        "description": f"{metric.formula}. Over {metric.population}.",
    }
    if metric.ratio_of is None:
        return said | {"type": "simple", "type_params": {"measure": metric.measure}}
    numerator, denominator = metric.ratio_of
    return said | {
        "type": "ratio",
        "type_params": {"numerator": numerator, "denominator": denominator},
    }
