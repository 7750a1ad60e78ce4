"""Which rows a check looks at: all of a table, or those of what was computed anew.

Belongs here: the tables that name it, and SQL that keeps to them. Does not belong here: where the
rows lie (written.py), what makes an opportunity or a lead change (dbt_project/), which checks may
keep to the change (expectations/README.md).

A later night computes few opportunities, accounts, leads and activities anew. The others were
checked, by the same suites, in the night that computed them: other models or suites would have
rebuilt everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from orchestration.gate.written import WrittenRows


@dataclass(frozen=True)
class Scope:
    """Something that a later night computes anew by its key.

    `table` has one column, the key. Only a candidate has it, and only in a later night: without it,
    everything was computed anew. Publication takes it out. `relation` is where the build says it,
    and what its tables are changed by.
    """

    key: str
    table: str
    relation: str


OPPORTUNITIES = Scope("opportunity_key", "ops.recomputed_opportunity", "int_changed_stage_events")
ACCOUNTS = Scope("account_key", "ops.recomputed_account", "int_changed_accounts")
LEADS = Scope("lead_key", "ops.recomputed_lead", "int_changed_lead_facts")
ACTIVITIES = Scope("activity_key", "ops.recomputed_activity", "int_changed_activities")
SCOPES = (OPPORTUNITIES, ACCOUNTS, LEADS, ACTIVITIES)

_ROWS_OF = re.compile(r"\{rows_of\[(\w+\.\w+)\]\}")


def follows_the_change(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the candidate says what was computed anew."""
    names = ", ".join(f"'{scope.table}'" for scope in SCOPES)
    found = connection.execute(
        f"select 1 from duckdb_tables() where schema_name || '.' || table_name in ({names})"
    ).fetchall()
    return len(found) == len(SCOPES)


def recomputed_rows(scope: Scope, table: str) -> str:
    """A query for the rows of a table that are of what was computed anew."""
    return f"select * from {table} where {scope.key} in (select {scope.key} from {scope.table})"


def keep_recomputed(connection: duckdb.DuckDBPyConnection, scope: Scope, tables: list[str]) -> None:
    """Keep these rows of some tables in temporary ones, which the file on disk knows nothing of."""
    with WrittenRows(connection).of_recomputed(scope.relation, tables) as night:
        for table in tables:
            connection.execute(
                f"create temporary table {scratch_name(table)} as "
                f"{recomputed_rows(scope, f'{night}.{table}')}"
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
