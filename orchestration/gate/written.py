"""Which rows of a candidate this night wrote, proved from what the candidate says of itself.

Belongs here: finding these rows without reading the others, and views over nothing but them.
Does not belong here: what becomes of old rows (dbt_project/macros/nights/later_nights.sql), which
checks may keep to new ones (scope.py, expectations/README.md).

A night that changes a table in parts takes rows out and puts new ones in, and DuckDB appends: the
last rows of the table are the new ones. The build says how many it wrote, and the sum over the
hashes of their keys. Only where the last rows come to the same sum are they believed to be these
rows. What the build says nothing of, or what does not come to the sum, counts as written whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

# Filled by dbt_project/macros/nights/materializations.sql. Only a later night's candidate has it.
WRITTEN = "ops.written_rows"
CREATE_WRITTEN = (
    f"create or replace table {WRITTEN} (table_name varchar, key_columns varchar, "
    "outdated varchar, row_count bigint, key_hashes hugeint)"
)
# A database in memory that bears the candidate's names.
_NIGHT = "this_night"
_NAME = re.compile(r"\w+\.\w+")


@dataclass(frozen=True)
class _Told:
    """What the build says of a table that it changed in parts."""

    key_columns: str
    outdated: str
    row_count: int
    key_hashes: int


class WrittenRows:
    """What a night wrote into the tables of a candidate, on a connection that may be read-only.

    Tables and views are named `schema.name`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._database = str(self._one("select current_database()")[0])
        self._definitions = self._named("view_name, sql", "duckdb_views()")
        self._tables = self._named("table_name, table_name", "duckdb_tables()")
        told = connection.execute(f"from {WRITTEN}").fetchall() if WRITTEN in self._tables else []
        self._told = {name: _Told(*said) for name, *said in told}

    @property
    def views(self) -> set[str]:
        """The views of the candidate."""
        return set(self._definitions)

    def condition(self, table: str) -> str:
        """What is true of the rows that were written, and of no others."""
        told = self._told.get(table)
        if told is None:
            return "true"
        place = self._place(table)
        (last,) = self._one(f"select coalesce(max(rowid), -1) from {place}")
        condition = f"rowid > {last - told.row_count}"
        found = self._one(
            f"select count(*), coalesce(sum(hash({told.key_columns})), 0) from {place} "
            f"where {condition}"
        )
        return condition if found == (told.row_count, told.key_hashes) else "true"

    @contextmanager
    def of_recomputed(self, relation: str, wanted: list[str]) -> Iterator[str]:
        """A database in which the wanted tables and views are as in the candidate for whatever is
        in `relation`, the keys of what was computed anew; of all else rows may be missing, or be
        there. Gives its name.
        """
        self._connection.execute(f"attach ':memory:' as {_NIGHT} (read_write)")
        # A view finds what it reads in the database that it is in.
        self._connection.execute(f"use {_NIGHT}")
        try:
            for name in self._in_order(wanted):
                self._connection.execute(f"create schema if not exists {name.split('.')[0]}")
                definition = self._definitions.get(name) or self._rows_of(relation, name)
                self._connection.execute(definition)
            self._connection.execute(f'use "{self._database}"')
            yield _NIGHT
        finally:
            self._connection.execute(f'use "{self._database}"')
            self._connection.execute(f"detach {_NIGHT}")

    def _rows_of(self, relation: str, table: str) -> str:
        told = self._told.get(table)
        follows = told is not None and told.outdated == relation
        condition = self.condition(table) if follows else "true"
        return f"create view {table} as select * from {self._place(table)} where {condition}"

    def _in_order(self, wanted: list[str]) -> list[str]:
        """All that is wanted, after what it reads."""
        ordered: dict[str, None] = {}
        for name in wanted:
            read = _NAME.findall(self._definitions.get(name, ""))
            known = {each for each in read if each in self._tables or each in self.views}
            ordered |= dict.fromkeys(self._in_order(sorted(known - {name})))
            ordered[name] = None
        return list(ordered)

    def _place(self, table: str) -> str:
        return f'"{self._database}".{table}'

    def _named(self, columns: str, source: str) -> Mapping[str, str]:
        found = self._connection.execute(
            f"select schema_name || '.' || {columns} from {source} "
            "where database_name = current_database() and not internal"
        ).fetchall()
        return dict(found)

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        assert row is not None
        return row
