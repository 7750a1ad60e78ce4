"""Pipelines and their stages, and what a stage's name stands for.

Belongs here: ranks, kinds, the stage map. Does not belong here: opportunities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.reference.landed import Stage, StageMapping


@dataclass(frozen=True)
class Pipeline:
    """A pipeline: open stages by rank, what each stage is, and what people call it."""

    name: str
    open_stages: tuple[str, ...]
    kinds: dict[str, str]
    labels: dict[str, str]
    qualified_rank: int

    def rank(self, stage: str) -> int | None:
        return self.open_stages.index(stage) + 1 if stage in self.open_stages else None

    def height(self, stage: str) -> int:
        """Where a stage stands when several are entered at once: open ones, then lost, then won."""
        return {"lost": 1000, "won": 1001}.get(self.kinds[stage]) or self.rank(stage) or 0


def pipelines_of(stages: Iterable[Stage], qualified_rank: int = 2) -> dict[str, Pipeline]:
    """Pipelines by name; a stage counts as qualifying from the rank its source or we name."""
    by_name: dict[str, list[Stage]] = defaultdict(list)
    for stage in stages:
        by_name[stage.pipeline].append(stage)
    pipelines = {}
    for name, members in by_name.items():
        in_order = sorted(
            (stage for stage in members if stage.kind == "open"),
            key=lambda stage: (stage.place, stage.name),
        )
        qualifying = [rank for rank, stage in enumerate(in_order, 1) if stage.is_qualifying]
        pipelines[name] = Pipeline(
            name=name,
            open_stages=tuple(stage.name for stage in in_order),
            kinds={stage.name: stage.kind for stage in members},
            labels={stage.name: stage.label or stage.name for stage in members},
            qualified_rank=min(qualifying or [qualified_rank, len(in_order)]),
        )
    return pipelines


@dataclass(frozen=True)
class StageMap:
    """What stages stand for today."""

    mappings: tuple[StageMapping, ...]

    def stands_for(self, pipeline: str, stage: str, day: date | None) -> str:
        """The stage that a name meant on a day; an undated event lies before every bound."""
        for one in self.mappings:
            begins = one.valid_from is None or (day is not None and one.valid_from <= day)
            lasts = one.valid_to is None or day is None or day <= one.valid_to
            if (one.pipeline, one.stage) == (pipeline, stage) and begins and lasts:
                return one.canonical_stage
        return stage

    def remaining(self, stages: Iterable[Stage]) -> list[Stage]:
        """The stages that there are.

        A name that stands for another stage on every day is no stage of its own and takes no rank:
        else one stage would be two. One that does so for a time only is a stage besides.
        """
        renamed = {
            (one.pipeline, one.stage)
            for one in self.mappings
            if one.valid_from is None and one.valid_to is None
        }
        return [stage for stage in stages if (stage.pipeline, stage.name) not in renamed]
