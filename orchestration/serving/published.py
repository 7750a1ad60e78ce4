"""A published file, opened so that no statement leaves it.

Belongs here: what every reader of ours sets on its connection. Does not belong here: what is asked
(query.py, postgres/).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


@contextmanager
def open_version(path: Path, writes_to: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, read-only, without access to other files or the network, and settings locked.

    `writes_to` is the one file beside it that a statement may write and read.
    """
    with duckdb.connect(str(path.resolve()), read_only=True) as connection:
        if writes_to is not None:
            connection.execute("set allowed_paths = ?", [[str(writes_to)]])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
