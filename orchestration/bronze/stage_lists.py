"""Whether the list of stages says what it said the night before: the whole funnel hangs on it.

Belongs here: stages that left a list, became of another kind or changed places.
Does not belong here: stages that nobody lists (references.py), what follows from it (judge.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from orchestration.bronze.night_before import night_and_before
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.contract import Contract


class _List(NamedTuple):
    """What tells one stage of a list from another, its name, its place, and of which kind it is."""

    key: tuple[str, ...]
    name: str
    place: str
    kind: pl.Expr


_LISTS = {
    "opportunity_stage": _List(
        ("MasterLabel",), "MasterLabel", "SortOrder", pl.concat_str("IsClosed", "IsWon")
    ),
    "pipeline_stage": _List(
        ("pipelineId", "stageId"),
        "label",
        "displayOrder",
        pl.concat_str("isClosed", pl.when("isClosed").then("probability"), ignore_nulls=True),
    ),
    "stages": _List(("pipeline", "stage"), "stage", "rank", pl.col("kind")),
}
_SHOWN = 5


def stage_surprises(
    load: Load, contract: Contract, ledger: Ledger, settings: Settings
) -> list[str]:
    """What a list that is delivered whole says otherwise than in the published night before."""
    told = _LISTS.get(contract.object)
    if told is None or contract.is_declared:
        return []
    tonight, before = night_and_before(load, ledger, settings)
    if not tonight or not before:
        return []
    new, old = _read(told, tonight), _read(told, before)
    both = old.join(new, on=told.key, how="inner", nulls_equal=True, maintain_order="left")
    gone = old.join(new, on=told.key, how="anti", nulls_equal=True)
    turned = both.filter(pl.col("kind").ne_missing(pl.col("kind_right")))
    surprises = []
    if gone.height:
        surprises.append(f"it lacks {_named(gone)}, listed the night before: they stay known")
    if turned.height:
        surprises.append(
            f"{_named(turned)} became of another kind (open, won or lost): all that ever reached "
            f"them is counted anew"
        )
    if not both.sort("place_right", maintain_order=True).equals(both):
        surprises.append(
            f"the stages stand in another order, first {_named(both.sort('place_right'))}: the "
            f"funnel of all the past follows it"
        )
    return surprises


def _read(told: _List, paths: list[Path]) -> pl.DataFrame:
    """The stages of a night in their order."""
    rows = pl.scan_parquet(paths, glob=False, missing_columns="insert", extra_columns="ignore")
    return (
        rows.select(*told.key, name=pl.col(told.name), place=pl.col(told.place), kind=told.kind)
        .unique(list(told.key), keep="last", maintain_order=True)
        .sort("place", maintain_order=True)
        .collect()
    )


def _named(stages: pl.DataFrame) -> str:
    shown = ", ".join(f"`{name}`" for name in stages["name"].head(_SHOWN))
    more = stages.height - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
