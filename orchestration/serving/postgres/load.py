"""Rows from the published file into the new schema.

Belongs here: empty tables with the types of the contracts, and one stream of Arrow batches a table.
Does not belong here: whether all came over (verify.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from psycopg import sql

from orchestration.serving.postgres.tables import Table
from orchestration.serving.postgres.target import PostgresError, Target

if TYPE_CHECKING:
    import psycopg


def create_tables(connection: psycopg.Connection, schema: str, tables: list[Table]) -> None:
    """Empty tables. Left to ADBC, a decimal would become a number without precision."""
    for table in tables:
        connection.execute(
            sql.SQL("create table {} ({})").format(
                sql.Identifier(schema, table.name),
                sql.SQL(", ").join(
                    sql.SQL("{} {}{}").format(
                        sql.Identifier(column.name),
                        sql.SQL(column.type),
                        sql.SQL(" not null" if column.is_required else ""),
                    )
                    for column in table.columns
                ),
            )
        )


def send_rows(
    warehouse: duckdb.DuckDBPyConnection, target: Target, schema: str, tables: list[Table]
) -> None:
    """Every row of every table, in one transaction.

    Raises PostgresError that names the table which could not be sent.
    """
    from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]

    try:
        with dbapi.connect(target.conninfo) as connection:
            for table in tables:
                try:
                    _send(warehouse, connection, schema, table)
                except dbapi.Error as error:
                    raise PostgresError(
                        f"{target.name}: {table.name} could not be sent: {target.told(error)}"
                    ) from None
            connection.commit()
    except dbapi.Error as error:
        raise PostgresError(f"{target.name}: {target.told(error)}") from None


def _send(warehouse: duckdb.DuckDBPyConnection, connection: Any, schema: str, table: Table) -> None:
    # A cursor of its own on each side: neither takes a second statement while a stream is open.
    with connection.cursor() as cursor, warehouse.cursor() as stream:
        cursor.adbc_ingest(
            table.name, stream.sql(table.query), mode="append", db_schema_name=schema
        )
