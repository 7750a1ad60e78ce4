"""What is sent to PostgreSQL: tables of a published file, and what they become there.

Belongs here: names, types, keys and comments, as the file and the suites say them. Does not belong
here: rows (load.py), constraints and indexes (furnish.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.gate.suites import read_suites
from orchestration.serving.postgres.target import PostgresError

# Tables of `ops` that tell readers how far a version can be trusted.
_ABOUT_THE_VERSION = (
    "publication",
    "version_change",
    "gate_result",
    "load_audit",
    "reconciliation",
    "source_freshness",
)

# Type in the file → type in PostgreSQL, and what DuckDB casts to on the way, where that is needed.
_TYPES: dict[str, tuple[str, str | None]] = {
    "BOOLEAN": ("boolean", None),
    "TINYINT": ("smallint", "smallint"),
    "SMALLINT": ("smallint", None),
    "INTEGER": ("integer", None),
    "BIGINT": ("bigint", None),
    "HUGEINT": ("numeric(38,0)", "decimal(38,0)"),
    "UTINYINT": ("smallint", "smallint"),
    "USMALLINT": ("integer", "integer"),
    "UINTEGER": ("bigint", "bigint"),
    "UBIGINT": ("numeric(20,0)", "decimal(20,0)"),
    "FLOAT": ("real", None),
    "DOUBLE": ("double precision", None),
    "VARCHAR": ("text", None),
    "DATE": ("date", None),
    "TIMESTAMP": ("timestamp", None),
    "TIMESTAMP WITH TIME ZONE": ("timestamptz", None),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True)
class Column:
    """A column: its type in PostgreSQL, and the expression that DuckDB sends."""

    name: str
    type: str
    sent_as: str
    is_required: bool
    comment: str | None

    @property
    def is_text_key(self) -> bool:
        """Whether it holds `<source>:<id>`, by which tables are joined."""
        return self.type == "text" and self.name.endswith("_key")


@dataclass(frozen=True)
class Table:
    """A table: its place in the file, its columns, and the columns that name a row."""

    name: str
    source: str
    columns: list[Column]
    key: list[str]
    comment: str | None

    @property
    def query(self) -> str:
        """What DuckDB sends."""
        return f"select {', '.join(column.sent_as for column in self.columns)} from {self.source}"


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every mart of a file, and what `ops` says of the version, in order of their names.

    Raises PostgresError for a column that PostgreSQL has no type for, or a name borne twice.
    """
    comments = dict(
        connection.execute(
            """
            select schema_name || '.' || table_name, comment from duckdb_tables()
            union all
            select schema_name || '.' || view_name, comment from duckdb_views()
            """
        ).fetchall()
    )
    keys = {suite.table: suite.key for suite in read_suites()} | {"ops.publication": ["version"]}
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, *said in connection.execute(
        """
        select schema_name, table_name, column_name, data_type, is_nullable, comment
        from duckdb_columns()
        where
            database_name = current_database()
            and (schema_name = 'marts' or (schema_name = 'ops' and list_contains(?, table_name)))
        order by schema_name, table_name, column_index
        """,
        [_ABOUT_THE_VERSION],
    ).fetchall():
        columns.setdefault((schema, table), []).append(_column(f"{schema}.{table}", *said))
    tables = {}
    for (schema, table), its_columns in columns.items():
        if table in tables:
            raise PostgresError(f"marts.{table} bears the name of ops.{table}: rename the mart")
        tables[table] = Table(
            name=table,
            source=f'"{schema}"."{table}"',
            columns=its_columns,
            key=keys.get(f"{schema}.{table}", []),
            comment=comments.get(f"{schema}.{table}"),
        )
    return [tables[name] for name in sorted(tables)]


def _column(table: str, name: str, type_: str, is_nullable: bool, comment: Any) -> Column:
    quoted = '"' + name.replace('"', '""') + '"'
    if decimal := _DECIMAL.fullmatch(type_):
        target, cast = f"numeric({decimal[1]},{decimal[2]})", None
    elif type_ in _TYPES:
        target, cast = _TYPES[type_]
    else:
        raise PostgresError(
            f"{table}.{name} is {type_}, which PostgreSQL has no type for: "
            "make the mart hold plain columns"
        )
    sent_as = f"cast({quoted} as {cast}) as {quoted}" if cast else quoted
    return Column(name, target, sent_as, not is_nullable, comment)
