"""`python -m orchestration.metrics`: write anew what is written from the registry.

Belongs here: which files those are. Does not belong here: what stands in them.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.metrics.page import PAGE, page
from orchestration.metrics.registry import registered_metrics
from orchestration.metrics.semantic import SEMANTIC_METRICS, semantic_metrics


def files() -> dict[Path, str]:
    """The text of every file that is written from the registry."""
    metrics = registered_metrics()
    return {PAGE: page(metrics), SEMANTIC_METRICS: semantic_metrics(metrics)}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
