"""Which rows a check looks at: all of a table, or those of opportunities that were computed anew.

Belongs here: the table that names these opportunities, and SQL that keeps to them.
Does not belong here: where their rows lie (written.py), what makes an opportunity change
(dbt_project/), which checks may keep to the change (expectations/README.md).

A later night computes few opportunities anew. The others were checked, by the same suites, in the
night that computed them: other models or suites would have rebuilt everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from orchestration.gate.written import WrittenRows

# One column, `opportunity_key`. Only a candidate has it, and only in a later night: without it,
# everything was computed anew. Publication takes it out.
RECOMPUTED = "ops.recomputed_opportunity"

_ROWS_OF = re.compile(r"\{rows_of\[(\w+\.\w+)\]\}")


def follows_the_change(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the candidate says which opportunities were computed anew."""
    schema, table = RECOMPUTED.split(".")
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?",
        [schema, table],
    ).fetchone()
    return found is not None


def recomputed_rows(table: str) -> str:
    """A query for the rows of a table whose opportunity was computed anew."""
    return (
        f"select * from {table} where opportunity_key in (select opportunity_key from {RECOMPUTED})"
    )


def keep_recomputed(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
    """Keep these rows of some tables in temporary ones, which the file on disk knows nothing of."""
    with WrittenRows(connection).of_recomputed(tables) as night:
        for table in tables:
            connection.execute(
                f"create temporary table {scratch_name(table)} as "
                f"{recomputed_rows(f'{night}.{table}')}"
            )


def scratch_name(table: str) -> str:
    """The temporary table in which the gate keeps these rows while it runs."""
    return f"recomputed_{table.replace('.', '__')}"


def other_tables(query: str) -> list[str]:
    """The tables of which a query asks for `{rows_of[schema.table]}`."""
    return _ROWS_OF.findall(query)


def with_rows_of(query: str, name: Callable[[str], str]) -> str:
    """A query with `{rows_of[schema.table]}` filled in; `{batch}` stays."""
    return _ROWS_OF.sub(lambda found: name(found[1]), query)
