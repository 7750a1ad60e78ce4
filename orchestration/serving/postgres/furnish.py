"""What makes a loaded table good to work with: keys, indexes, comments, statistics.

Belongs here: everything about a new table that is not a row. Does not belong here: who may read it
(reader.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from orchestration.serving.postgres.tables import Table

if TYPE_CHECKING:
    import psycopg


def furnish(
    connection: psycopg.Connection, schema: str, table: Table, counts: dict[str, int]
) -> None:
    """Key, indexes and comments of a table; `counts` as verify() returns them."""
    place = sql.Identifier(schema, table.name)
    with connection.transaction():
        if table.key:
            connection.execute(_key(place, table, counts))
        for name in indexed_columns(table):
            connection.execute(
                sql.SQL("create index on {} ({})").format(place, sql.Identifier(name))
            )
        if table.comment:
            connection.execute(sql.SQL("comment on table {} is {}").format(place, table.comment))
        for column in table.columns:
            if column.comment:
                connection.execute(
                    sql.SQL("comment on column {} is {}").format(
                        sql.Identifier(schema, table.name, column.name), column.comment
                    )
                )


def gather_statistics(connection: psycopg.Connection, schema: str, tables: list[Table]) -> None:
    """Statistics for the planner, and for index-only scans, which pages everybody sees."""
    names = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in tables)
    connection.execute(sql.SQL("vacuum (analyze) {}").format(names))


def _key(place: sql.Identifier, table: Table, counts: dict[str, int]) -> sql.Composed:
    """A primary key, or where a column of the key may be NULL, an index that lets NULL in once."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.key))
    if all(counts[name] == counts[""] for name in table.key):
        return sql.SQL("alter table {} add primary key ({})").format(place, columns)
    return sql.SQL("create unique index on {} ({}) nulls not distinct").format(place, columns)


def indexed_columns(table: Table) -> list[str]:
    """Columns of a fact or bridge by which it is joined, but for the one that leads its key."""
    if not table.name.startswith(("fct_", "bridge_")):
        return []
    return [
        column.name
        for column in table.columns
        if column.name.endswith("_key") and [column.name] != table.key[:1]
    ]
