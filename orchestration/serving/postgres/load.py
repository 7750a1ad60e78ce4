"""Rows from the published file into the new schema.

Belongs here: empty tables with the types of the contracts, and streams of Arrow batches into them.
Does not belong here: whether all came over (verify.py).

One stream waits for PostgreSQL's disk half of its time; of two, one works while the other waits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import duckdb
from psycopg import sql

from orchestration.serving.postgres.tables import Table
from orchestration.serving.postgres.target import PostgresError, Target

if TYPE_CHECKING:
    import psycopg

# A table, and the condition on its rows that a stream sends.
Part = tuple[Table, str]
_STREAMS = 2
_SMALL_ROWS = 50_000


def create_tables(connection: psycopg.Connection, schema: str, tables: list[Table]) -> None:
    """Empty tables. Left to ADBC, a decimal would become a number without precision.

    Keys are compared and never read in the order of a language: by their bytes they are sorted in
    two thirds of the time, whatever the collation of the database.
    """
    for table in tables:
        connection.execute(
            sql.SQL("create table {} ({})").format(
                sql.Identifier(schema, table.name),
                sql.SQL(", ").join(
                    sql.SQL("{} {}{}{}").format(
                        sql.Identifier(column.name),
                        sql.SQL(column.type),
                        sql.SQL(' collate "C"' if column.is_text_key else ""),
                        sql.SQL(" not null" if column.is_required else ""),
                    )
                    for column in table.columns
                ),
            )
        )


def send_rows(
    warehouse: duckdb.DuckDBPyConnection, target: Target, schema: str, tables: list[Table]
) -> None:
    """Every row of every table, over two connections that commit when both have sent all.

    Raises PostgresError that names the table which could not be sent.
    """
    from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]

    def send_share(connection: Any, share: list[Part]) -> None:
        for table, rows in share:
            try:
                _send(warehouse, connection, schema, table, rows)
            except dbapi.Error as error:
                raise PostgresError(
                    f"{target.name}: {table.name} could not be sent: {target.told(error)}"
                ) from None

    shares = shares_of(warehouse, tables)
    try:
        with ExitStack() as stack, ThreadPoolExecutor(_STREAMS) as streams:
            connections = [stack.enter_context(dbapi.connect(target.conninfo)) for _ in shares]
            list(streams.map(send_share, connections, shares))
            for connection in connections:
                connection.commit()
    except dbapi.Error as error:
        raise PostgresError(f"{target.name}: {target.told(error)}") from None


def shares_of(warehouse: duckdb.DuckDBPyConnection, tables: list[Table]) -> list[list[Part]]:
    """What each connection sends: half of a large table, every other one of the small.

    A view has no row ids to be cut by, and goes as a whole.
    """
    sizes = dict(
        warehouse.execute(
            """
            select '"' || schema_name || '"."' || table_name || '"', estimated_size
            from duckdb_tables()
            """
        ).fetchall()
    )
    shares: list[list[Part]] = [[] for _ in range(_STREAMS)]
    for number, table in enumerate(tables):
        half = sizes.get(table.source, 0) // _STREAMS
        if half < _SMALL_ROWS:
            shares[number % _STREAMS].append((table, ""))
        else:
            for share, rows in zip(shares, (f"rowid < {half}", f"rowid >= {half}"), strict=True):
                share.append((table, f" where {rows}"))
    return shares


def _send(
    warehouse: duckdb.DuckDBPyConnection, connection: Any, schema: str, table: Table, rows: str
) -> None:
    # A cursor of its own on each side: neither takes a second statement while a stream is open.
    with connection.cursor() as cursor, warehouse.cursor() as stream:
        cursor.adbc_ingest(
            table.name, stream.sql(table.query + rows), mode="append", db_schema_name=schema
        )
