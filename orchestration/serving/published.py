"""A published file, opened so that no statement leaves it.

Belongs here: what every reader of ours sets on its connection. Does not belong here: what is asked
(query.py, postgres/).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class VersionUnreadableError(Exception):
    """The file of a version cannot be opened; the text says what to do."""


@contextmanager
def open_version(path: Path, writes_to: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, read-only, without access to other files or the network, and settings locked.

    `writes_to` is the one file beside it that a statement may write and read. Raises
    VersionUnreadableError.
    """
    with _opened(path.resolve()) as connection:
        if writes_to is not None:
            connection.execute("set allowed_paths = ?", [[str(writes_to)]])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def _opened(file: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        raise VersionUnreadableError(
            f"{file} cannot be read: {str(error).splitlines()[0]}\n"
            f"`flywheel nightly` builds it anew from bronze; until then `flywheel rollback` shows "
            f"the version before"
        ) from None
