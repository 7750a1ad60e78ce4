"""The published version into PostgreSQL, or back to the one before.

Belongs here: the order of the steps. A crash between any two leaves readers on the version they
had, and the next call goes on from there. Does not belong here: the steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from orchestration.publication.opening import open_version
from orchestration.serving.postgres.flip import flip
from orchestration.serving.postgres.furnish import furnish, gather_statistics
from orchestration.serving.postgres.load import create_tables, send_rows
from orchestration.serving.postgres.reader import keep_to_reading, let_in, let_read, prepare_reader
from orchestration.serving.postgres.schemas import (
    NEXT,
    PREVIOUS,
    SERVED,
    Version,
    close_next,
    drop_outdated,
    open_next,
    version_in,
)
from orchestration.serving.postgres.tables import tables_of
from orchestration.serving.postgres.target import PostgresError, Target
from orchestration.serving.postgres.verify import verify
from orchestration.serving.postgres.views import rebind_left_behind
from orchestration.settings import Settings

if TYPE_CHECKING:
    import psycopg

# The first half says whose lock it is: "flyw" in ASCII.
_LOCK = (0x666C7977 << 32) + 1


@dataclass(frozen=True)
class Served:
    """What PostgreSQL serves now. `remarks` are sentences for an operator.

    `row_count` is 0 when nothing had to be sent.
    """

    version: str
    target: str
    row_count: int
    table_count: int
    seconds: float
    remarks: list[str]

    @property
    def told(self) -> str:
        """One sentence."""
        if self.row_count:
            return (
                f"{self.target}: version {self.version}, {self.table_count} tables, "
                f"{self.row_count:,} rows in {self.seconds:.1f} s"
            )
        return f"{self.target}: version {self.version}; nothing had to be sent"


def serve(settings: Settings, target: Target, *, again: bool = False) -> Served:
    """Let PostgreSQL serve the version that readers of the file see.

    A version that is there is not sent, unless `again`. Raises PostgresError; whatever it was,
    readers then still see the version they had, or the new one in full.
    """
    begun = time.monotonic()
    with target.connect() as connection, _alone(connection):
        if not settings.published.exists():
            raise PostgresError("nothing is published yet: run `flywheel nightly` first")
        with open_version(settings.published) as warehouse:
            version = _version_of(warehouse)
            password = settings.postgres_reader_password
            remarks = prepare_reader(connection, password.get_secret_value() if password else "")
            counts: list[int] = []
            served = version_in(connection, SERVED)
            if served is None:
                remarks += keep_to_reading(connection)
            if again or served != version:
                source = PREVIOUS
                if again or version_in(connection, PREVIOUS) != version:
                    source = NEXT
                    if again or version_in(connection, NEXT) != version:
                        counts = _load(warehouse, connection, target, version)
                remarks += flip(connection, source)
            else:
                # The role may have come later than the version.
                let_read(connection, SERVED)
                let_in(connection)
        remarks += rebind_left_behind(connection)
        remarks += drop_outdated(connection)
    return Served(
        version=version.name,
        target=target.name,
        row_count=sum(counts),
        table_count=len(counts),
        seconds=time.monotonic() - begun,
        remarks=list(dict.fromkeys(remarks)),
    )


def _load(
    warehouse: duckdb.DuckDBPyConnection,
    connection: psycopg.Connection,
    target: Target,
    version: Version,
) -> list[int]:
    """Load, verify and furnish a version in the next schema; return the rows of each table."""
    tables = tables_of(warehouse)
    open_next(connection)
    create_tables(connection, NEXT, tables)
    send_rows(warehouse, target, NEXT, tables)
    # First of all that reads the rows: whoever does marks each page as seen, and a page that is
    # marked twice is written twice.
    gather_statistics(connection, NEXT, tables)
    counts = []
    for table in tables:
        found = verify(warehouse, connection, NEXT, table)
        furnish(connection, NEXT, table, found)
        counts.append(found[""])
    let_read(connection, NEXT)
    close_next(connection, version)
    return counts


def _version_of(warehouse: duckdb.DuckDBPyConnection) -> Version:
    row = warehouse.execute(
        "select version, run_id from ops.publication "
        "order by published_at desc, version desc limit 1"
    ).fetchone()
    if row is None:
        raise PostgresError("the published file does not say which version it is")
    return Version(*row)


@contextmanager
def _alone(connection: psycopg.Connection) -> Iterator[None]:
    """One load of a database at a time; the server lets go of it when the connection ends."""
    from psycopg import errors

    try:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
    except errors.LockNotAvailable:
        raise PostgresError(
            "another load of this database is at work: wait for it to end, and try again"
        ) from None
    yield
