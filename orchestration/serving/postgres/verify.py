"""The same counts and sums in the file and in PostgreSQL.

Belongs here: one row of figures a table and side, and their comparison. Does not belong here: what
is wrong inside a version (gate/).

Figures of a column: how many values it has, and one sum over them: of numbers, of bytes of texts,
of days, of microseconds, of what is true. They are equal to the digit, but for floating point,
whose order of addition is not the same on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
from psycopg import sql

from orchestration.serving.postgres.tables import Column, Table
from orchestration.serving.postgres.target import PostgresError

if TYPE_CHECKING:
    import psycopg

_ROWS = "the number of rows"
_FLOATING = ("real", "double precision")
_RELATIVE = 1e-9
# What is summed, by type; other types as they are.
_IN_DUCKDB = {
    "real": "cast({} as double)",
    "boolean": "cast({} as integer)",
    "text": "strlen({})",
    "date": "datediff('day', date '1970-01-01', {})",
    "timestamp": "epoch_us({})",
    "timestamptz": "epoch_us({})",
}
_IN_POSTGRES = {
    "real": "cast({} as double precision)",
    "boolean": "cast({} as integer)",
    "text": "octet_length({})",
    "date": "{} - date '1970-01-01'",
    "timestamp": "cast(extract(epoch from {}) * 1000000 as bigint)",
    "timestamptz": "cast(extract(epoch from {}) * 1000000 as bigint)",
}


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
    figures = list(_figures(table, _IN_DUCKDB))
    sent = warehouse.execute(
        f"select {', '.join(expression for _, expression in figures)} from {table.source}"
    ).fetchone()
    asked = ", ".join(expression for _, expression in _figures(table, _IN_POSTGRES))
    arrived = connection.execute(
        sql.SQL("select {} from {}").format(sql.SQL(asked), sql.Identifier(schema, table.name))
    ).fetchone()
    assert sent is not None
    assert arrived is not None
    found: dict[str, Any] = {}
    for (name, _), ours, theirs in zip(figures, sent, arrived, strict=True):
        if not _equal(ours, theirs):
            raise NotTheSameError(
                f"{table.name}: {name} is {ours} in the file and {theirs} in PostgreSQL"
            )
        found[name] = ours
    counts = {column.name: int(found[_values_of(column)]) for column in table.columns}
    return {"": int(found[_ROWS])} | counts


def _figures(table: Table, converted: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Names and expressions."""
    yield _ROWS, "count(*)"
    for column in table.columns:
        quoted = '"' + column.name.replace('"', '""') + '"'
        value = converted.get(_kind(column), "{}").format(quoted)
        yield _values_of(column), f"count({quoted})"
        if _kind(column) in _FLOATING:
            # Apart: where they cancel out, what is left is mostly errors of rounding.
            for side in "><":
                yield (
                    f"the sum of {column.name} {side} 0",
                    f"sum({value}) filter (where {quoted} {side} 0)",
                )
        else:
            yield f"the sum of {column.name}", f"sum({value})"


def _values_of(column: Column) -> str:
    return f"the number of values of {column.name}"


def _kind(column: Column) -> str:
    return column.type.split("(")[0]


def _equal(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        if math.isnan(ours) or math.isnan(theirs):
            return math.isnan(ours) and math.isnan(theirs)
        return math.isclose(ours, theirs, rel_tol=_RELATIVE)
    if isinstance(ours, int | Decimal) and isinstance(theirs, int | Decimal):
        return Decimal(ours) == Decimal(theirs)
    return ours is None and theirs is None
