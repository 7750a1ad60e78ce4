"""Which schema of PostgreSQL holds which version, and how one goes.

    marts               what readers see
    marts_prev          the version before it
    marts_next          the version that is being loaded
    marts_<version>     an older one that could not be dropped yet

Belongs here: names of schemas, what they hold, and dropping. Does not belong here: who takes whose
place (flip.py).

The comment of a schema says what it is: it goes with the schema through every renaming, and shows
that the schema is ours. Nothing is ever dropped with what hangs on it: RESTRICT refuses, in the
same instant, to take along what another has built upon a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors, sql

from orchestration.serving.postgres.target import PostgresError

if TYPE_CHECKING:
    import psycopg

SERVED, PREVIOUS, NEXT = "marts", "marts_prev", "marts_next"
# A name that stands for an instant, within one transaction.
ASIDE = "marts_aside"
_LOADING = "Flywheel is loading a version here"
_HOLDS = re.compile(r"Flywheel, version (?P<version>\S+) of run (?P<run_id>\S+)")
# Readers of an old version may stay for hours; the next night tries again.
_PATIENCE = "2s"


@dataclass(frozen=True)
class Version:
    """A published version. Two homes may give the same name; no two runs are the same."""

    name: str
    run_id: str

    @property
    def comment(self) -> str:
        """What the comment of a schema says of it."""
        return f"Flywheel, version {self.name} of run {self.run_id}"

    @property
    def schema(self) -> str:
        """The schema of a version that is neither served nor the one before."""
        return f"{SERVED}_{self.name.replace('-', '_')}"


def version_in(connection: psycopg.Connection, schema: str) -> Version | None:
    """The whole version that a schema holds; None when there is no schema or none whole.

    Raises PostgresError when the schema is somebody else's.
    """
    row = connection.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [schema]
    ).fetchone()
    if row is None or row[0] == _LOADING:
        return None
    match = _HOLDS.fullmatch(row[0] or "")
    if match is None:
        raise PostgresError(
            f"the database has a schema {schema} that is not Flywheel's: rename it, or give "
            "Flywheel a database of its own"
        )
    return Version(match["version"], match["run_id"])


def open_next(connection: psycopg.Connection) -> None:
    """An empty schema to load into; what an interrupted load left is dropped."""
    version_in(connection, NEXT)
    with connection.transaction():
        drop(connection, NEXT)
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(NEXT)))
        connection.execute(
            sql.SQL("comment on schema {} is {}").format(sql.Identifier(NEXT), _LOADING)
        )


def close_next(connection: psycopg.Connection, version: Version) -> None:
    """Say that all of a version has been loaded and verified."""
    connection.execute(
        sql.SQL("comment on schema {} is {}").format(sql.Identifier(NEXT), version.comment)
    )


def drop(connection: psycopg.Connection, schema: str) -> None:
    """Drop a schema of ours and its tables, and nothing that hangs on them."""
    tables = connection.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s) and relkind = 'r'",
        [schema],
    ).fetchall()
    if tables:
        names = sql.SQL(", ").join(sql.Identifier(schema, name) for (name,) in tables)
        connection.execute(sql.SQL("drop table {} restrict").format(names))
    connection.execute(sql.SQL("drop schema if exists {} restrict").format(sql.Identifier(schema)))


def outdated_schemas(connection: psycopg.Connection) -> list[str]:
    """Schemas of versions older than the previous one."""
    found = connection.execute(
        """
        select nspname, obj_description(oid, 'pg_namespace')
        from pg_namespace
        where nspname ~ '^marts_[0-9]{4}_[0-9]{2}_[0-9]{2}_[0-9]{3}(_[0-9]+)?$'
        order by nspname
        """
    ).fetchall()
    return [schema for schema, comment in found if _HOLDS.fullmatch(comment or "")]


def drop_outdated(connection: psycopg.Connection) -> list[str]:
    """Drop versions older than the previous one; return a sentence for each that had to stay."""
    remarks = []
    for schema in outdated_schemas(connection):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("set local lock_timeout = {}").format(_PATIENCE))
                drop(connection, schema)
        except errors.LockNotAvailable:
            remarks.append(f"{schema} is still being read and stays until the next time")
        except errors.DependentObjectsStillExist as error:
            hanging = re.sub(r"\s+", " ", (error.diag.message_detail or "").strip())
            remarks.append(
                f"{schema} stays, for something hangs on it that is not Flywheel's: {hanging}; "
                "make it read marts, and the next time the schema goes"
            )
    return remarks


def drop_previous(connection: psycopg.Connection) -> list[str]:
    """Drop the version before the one that is served too, now or as soon as nobody reads it.

    Returns a sentence for each schema that had to stay.
    """
    previous = version_in(connection, PREVIOUS)
    if previous is not None:
        with connection.transaction():
            rename(connection, PREVIOUS, free_name(connection, previous))
    return drop_outdated(connection)


def rename(connection: psycopg.Connection, name: str, new_name: str) -> None:
    """Give a schema another name; the transaction around it decides when readers see that."""
    connection.execute(
        sql.SQL("alter schema {} rename to {}").format(
            sql.Identifier(name), sql.Identifier(new_name)
        )
    )


def free_name(connection: psycopg.Connection, version: Version) -> str:
    """A name that no schema bears yet, for a version that leaves its place."""
    taken = {name for (name,) in connection.execute("select nspname from pg_namespace").fetchall()}
    name, number = version.schema, 1
    while name in taken:
        number += 1
        name = f"{version.schema}_{number}"
    return name
