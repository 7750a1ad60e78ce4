"""What each check of a night found: kept for every run, refused ones too.

Belongs here: the shape of a result, where results are kept, and what they add up to.
Does not belong here: running checks (run.py, warehouse/, bronze/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.durable import replacing
from orchestration.settings import Settings

SCHEMA = pl.Schema(
    {
        "run_id": pl.String(),
        "night": pl.Date(),
        "stage": pl.String(),
        "suite": pl.String(),
        "check": pl.String(),
        "table": pl.String(),
        "severity": pl.String(),
        "success": pl.Boolean(),
        "description": pl.String(),
        "observed": pl.String(),
        "expected": pl.String(),
        "unexpected_count": pl.Int64(),
        "sample": pl.String(),
    }
)


class GateRefusedError(Exception):
    """The night may not be published; carries the checks that say so."""

    def __init__(self, refusing: list[CheckResult]) -> None:
        super().__init__(
            "refused by " + "; ".join(f"{check.suite}: {check.check}" for check in refusing)
        )
        self.refusing = refusing


@dataclass(frozen=True)
class CheckResult:
    """One check of one night. `sample` holds a few offending rows."""

    suite: str
    check: str
    table: str
    severity: str
    success: bool
    description: str
    observed: str
    expected: str
    unexpected_count: int | None
    sample: list[dict[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """What the checks of a night add up to."""

    ran: int
    refusing: list[CheckResult]
    warning: list[CheckResult]


def verdict_of(results: Iterable[CheckResult]) -> Verdict:
    """A failed critical check refuses, a failed warning warns; info is recorded only."""
    everything = list(results)
    failed = [result for result in everything if not result.success]
    return Verdict(
        ran=len(everything),
        refusing=[result for result in failed if result.severity == "critical"],
        warning=[result for result in failed if result.severity == "warning"],
    )


def record(
    settings: Settings, run_id: str, night: str, stage: str, results: list[CheckResult]
) -> None:
    """Keep the results of one stage of a night; a repeated stage replaces its own."""
    rows = [
        {
            "run_id": run_id,
            "night": date.fromisoformat(night),
            "stage": stage,
            **{name: getattr(result, name) for name in SCHEMA if hasattr(result, name)},
            # Not orjson: it stops at integers beyond 64 bits, and a sum over integers has 128.
            "sample": json.dumps(result.sample, default=str),
        }
        for result in results
    ]
    path = _folder(settings) / f"{night}.{run_id}.{stage}.parquet"
    with replacing(path) as temporary:
        pl.DataFrame(rows, schema=SCHEMA).write_parquet(temporary)


def results_of(settings: Settings, run_id: str) -> list[CheckResult]:
    """All results of one run, over its stages."""
    results = []
    for path in sorted(_folder(settings).glob(f"*.{run_id}.*.parquet")):
        for row in pl.read_parquet(path, glob=False).iter_rows(named=True):
            row["sample"] = json.loads(row["sample"])
            for name in ("run_id", "night", "stage"):
                del row[name]
            results.append(CheckResult(**row))
    return results


def result_files(settings: Settings) -> list[Path]:
    """The files of all runs, for `ops.gate_result`."""
    return sorted(_folder(settings).glob("*.parquet"))


def _folder(settings: Settings) -> Path:
    return settings.operations / "gate_result"
