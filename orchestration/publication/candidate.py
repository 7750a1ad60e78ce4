"""The private file that a night writes and no reader sees.

Belongs here: its beginning and its end, and how it is opened to be written into.
Does not belong here: what is built into it (warehouse/).
"""

from __future__ import annotations

import duckdb

from orchestration.gate.stamp import remove_stamp
from orchestration.settings import Settings


def discard_candidate(settings: Settings) -> None:
    """Make room for a new candidate; what an interrupted night left is thrown away."""
    candidate = settings.candidate
    candidate.parent.mkdir(parents=True, exist_ok=True)
    remove_stamp(settings)
    for leftover in candidate.parent.glob(f"{candidate.name}*"):
        leftover.unlink()


def open_candidate(
    settings: Settings, *, puts_groups_together: bool = False
) -> duckdb.DuckDBPyConnection:
    """Connect to it as one who writes.

    DuckDB writes what a night adds to a table as a group of rows of its own, and leaves gaps where
    rows went out. When a file is closed it puts small and gappy groups together, and writes them
    anew: here only if it is told to.
    """
    config: dict[str, str | bool | int | float | list[str]] = (
        {} if puts_groups_together else {"max_vacuum_tasks": 0}
    )
    return duckdb.connect(str(settings.candidate), config=config)
