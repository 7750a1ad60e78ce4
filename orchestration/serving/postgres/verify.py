"""The same counts and sums in the file and in PostgreSQL.

Belongs here: one row of figures a table and side, and their comparison. Does not belong here: what
is wrong inside a version (gate/).

Figures of a column: how many values it has, and one sum over them: of numbers, of bytes of texts,
of days, of microseconds, of what is true. All are exact but sums of floating point, whose order of
addition is not the same on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
from psycopg import sql

from orchestration.serving.postgres.tables import Column, Table
from orchestration.serving.postgres.target import PostgresError

if TYPE_CHECKING:
    import psycopg

_RELATIVE = 1e-9


class NotTheSameError(PostgresError):
    """PostgreSQL does not hold what the file holds; the text names the figure."""


def verify(
    warehouse: duckdb.DuckDBPyConnection,
    connection: psycopg.Connection,
    schema: str,
    table: Table,
) -> dict[str, int]:
    """Compare a table; return how many values each column has, and under "" how many rows.

    Raises NotTheSameError.
    """
    names = list(_names(table))
    sent = warehouse.execute(
        f"select {', '.join(_figures(table, _in_duckdb))} from {table.source}"
    ).fetchone()
    arrived = connection.execute(
        sql.SQL("select {} from {}").format(
            sql.SQL(", ".join(_figures(table, _in_postgres))), sql.Identifier(schema, table.name)
        )
    ).fetchone()
    assert sent is not None
    assert arrived is not None
    for name, ours, theirs in zip(names, sent, arrived, strict=True):
        if not _equal(ours, theirs):
            raise NotTheSameError(
                f"{table.name}: {name} is {ours} in the file and {theirs} in PostgreSQL; readers "
                "keep the version they had"
            )
    counts = {"": int(sent[0])}
    return counts | {
        column.name: int(sent[1 + 2 * place]) for place, column in enumerate(table.columns)
    }


def _names(table: Table) -> Iterator[str]:
    yield "the number of rows"
    for column in table.columns:
        yield f"the number of values of {column.name}"
        yield f"the sum of {column.name}"


def _figures(table: Table, summed: dict[str, str]) -> Iterator[str]:
    yield "count(*)"
    for column in table.columns:
        quoted = '"' + column.name.replace('"', '""') + '"'
        yield f"count({quoted})"
        yield f"sum({summed.get(_kind(column), '{}').format(quoted)})"


def _kind(column: Column) -> str:
    return column.type.split("(")[0]


_in_duckdb = {
    "boolean": "cast({} as integer)",
    "text": "strlen({})",
    "date": "datediff('day', date '1970-01-01', {})",
    "timestamp": "epoch_us({})",
    "timestamptz": "epoch_us({})",
}
_in_postgres = {
    "boolean": "cast({} as integer)",
    "text": "octet_length({})",
    "date": "{} - date '1970-01-01'",
    "timestamp": "cast(extract(epoch from {}) * 1000000 as bigint)",
    "timestamptz": "cast(extract(epoch from {}) * 1000000 as bigint)",
}


def _equal(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        if math.isnan(ours) or math.isnan(theirs):
            return math.isnan(ours) and math.isnan(theirs)
        return math.isclose(ours, theirs, rel_tol=_RELATIVE, abs_tol=_RELATIVE)
    if isinstance(ours, int | Decimal) and isinstance(theirs, int | Decimal):
        return Decimal(ours) == Decimal(theirs)
    return ours is None and theirs is None
