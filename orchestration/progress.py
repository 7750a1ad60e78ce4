"""How far the reading of files has come, for a person who waits.

Belongs here: a bar for each file on a terminal, a line for each large file elsewhere, and nothing
at all where nobody asked. Does not belong here: reading (bronze/), what a night came to
(commands/printing.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from orchestration.extracts.table import ROW_NUMBER
from orchestration.terminal import escaped, printable, say

# Smaller files are read before a line about them is.
_WORTH_A_LINE_BYTES = 50 * 1000**2

_console: ContextVar[Console | None] = ContextVar("console", default=None)
_bar: ContextVar[tuple[Progress, TaskID] | None] = ContextVar("bar", default=None)


@contextmanager
def shown_on(console: Console) -> Iterator[None]:
    """Show files that are read meanwhile."""
    token = _console.set(console)
    try:
        yield
    finally:
        _console.reset(token)


@contextmanager
def reading(name: str, size_bytes: int) -> Iterator[None]:
    """A file that is being read."""
    console = _console.get()
    if console is None or not console.is_terminal:
        if console is not None and size_bytes >= _WORTH_A_LINE_BYTES:
            say(console, f"reading   {printable(name)}, {size_bytes / 1000**2:,.0f} MB")
        yield
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        token = _bar.set((progress, progress.add_task(escaped(name), total=None)))
        try:
            yield
        finally:
            _bar.reset(token)


def counted(records: pl.LazyFrame, record_count: int) -> pl.LazyFrame:
    """The same records, counted on the bar as they pass."""
    bar = _bar.get()
    if bar is None:
        return records
    progress, task = bar
    progress.update(task, total=record_count, completed=0)

    def count(row_numbers: pl.Series) -> pl.Series:
        progress.advance(task, len(row_numbers))
        return row_numbers

    return records.with_columns(
        pl.col(ROW_NUMBER).map_batches(count, return_dtype=pl.Int64, is_elementwise=True)
    )
