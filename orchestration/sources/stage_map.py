"""The stage map: which stage a renamed or replaced stage stands for today.

Belongs here: the columns of `sources/stage_map.csv`, an empty one to begin with, and what is wrong
with a written one. Does not belong here: what the map makes of events (dbt_project/).
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from orchestration.durable import replacing
from orchestration.sources.model import SourceFileError

NAME = "stage_map.csv"
COLUMNS = ("source_system", "pipeline", "stage", "valid_from", "valid_to", "canonical_stage")
_DAYS = ("valid_from", "valid_to")


def ensure_stage_map(folder: Path) -> None:
    """Write an empty map where there is none: its header says what belongs in it."""
    path = folder / NAME
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")


def mapped_stages(folder: Path, source: str) -> list[str]:
    """Stages of a source that stand for others, checked.

    Raises SourceFileError with the line of a mistake and what to do.
    """
    path = folder / NAME
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise SourceFileError(f"{path}, line 1: the header must be `{','.join(COLUMNS)}`")
        return [row["stage"] for row in rows if _checked(row, path, rows.line_num) == source]


def _checked(row: dict[str, str], path: Path, line: int) -> str:
    for name in COLUMNS:
        value = row.get(name)
        if not value and name not in _DAYS:
            raise SourceFileError(f"{path}, line {line}: `{name}` is empty; fill it in")
        if value and name in _DAYS:
            try:
                date.fromisoformat(value)
            except ValueError as error:
                raise SourceFileError(
                    f"{path}, line {line}: `{name}` must be a day like 2025-09-28, not {value!r}"
                ) from error
    return row["source_system"]
