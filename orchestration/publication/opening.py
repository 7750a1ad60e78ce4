"""A published file, opened so that no statement leaves it.

Belongs here: what every reader of ours sets on its connection, and what is said of a file that
cannot be read. Does not belong here: what is asked (changes.py, morning/, serving/), finding damage
without a question (whole.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

# What DuckDB says of a block that fell ill, and of one that is not there.
_DAMAGES = ("Corrupt database file", "Could not read enough bytes")


class VersionUnreadableError(Exception):
    """The file of a version cannot be opened, or not be read on; the text says what to do."""


def speaks_of_damage(error: duckdb.Error) -> bool:
    """Whether a statement failed for the file it was asked of, and not for what it asks."""
    return any(words in str(error) for words in _DAMAGES)


@contextmanager
def open_version(
    path: Path, writes_to: Path | None = None, schemas: Sequence[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, read-only, without access to other files or the network, and settings locked.

    `writes_to` is the one file beside it that a statement may write and read; `schemas` are those
    whose tables need not be named with their schema. Raises VersionUnreadableError, for what is met
    within too.
    """
    file = path.resolve()
    with _opened(file) as connection:
        if schemas:
            connection.execute("set search_path = ?", [",".join(schemas)])
        if writes_to is not None:
            connection.execute("set allowed_paths = ?", [[str(writes_to)]])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            yield connection
        except duckdb.Error as error:
            if not speaks_of_damage(error):
                raise
            # It opens, so a night would go on working on it.
            raise _unreadable(file, error, "flywheel nightly --full-refresh") from None


def _opened(file: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        raise _unreadable(file, error, "flywheel nightly") from None


def _unreadable(file: Path, error: duckdb.Error, remedy: str) -> VersionUnreadableError:
    return VersionUnreadableError(
        f"{file} cannot be read: {str(error).splitlines()[0]}\n"
        f"`{remedy}` builds it anew from bronze; until then `flywheel rollback` shows the version "
        f"before"
    )
