"""The entries of the registry of metrics, as dbt's YAML holds them.

Belongs here: what an entry says. Does not belong here: what is made of it (page.py, semantic.py,
and the mart metric_registry, which dbt makes).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from orchestration.settings import PROJECT_ROOT

REGISTRY = PROJECT_ROOT / "dbt_project" / "models" / "marts" / "metrics" / "_metric_registry.yml"


class Metric(BaseModel):
    """One metric. What each word means stands at the head of the registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    formula: str
    population: str
    clock: Literal["cohort", "period", "snapshot"]
    dated_by: str
    unit: Literal["count", "share", "ratio", "money", "days", "hours"]
    mart: str
    column: str
    where: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    adds_up: bool = True
    interval: str | None = None
    origin: str
    measure: str | None = None
    ratio_of: tuple[str, str] | None = None

    @property
    def is_semantic(self) -> bool:
        """Whether the semantic layer can compute it."""
        return self.measure is not None or self.ratio_of is not None


def registered_metrics(registry: Path = REGISTRY) -> list[Metric]:
    """All metrics, in the order of the registry."""
    document = yaml.safe_load(registry.read_text(encoding="utf-8"))
    (model,) = document["models"]
    return [Metric.model_validate(entry) for entry in model["config"]["meta"]["metrics"]]
