"""The gate's check that nothing of a person came through to where analysts read.

Belongs here: looking for tagged columns by their names, and for addresses and numbers in texts.
Does not belong here: masking (masking.py), Dagster's view of the check (gate/assets.py).

The models cannot read what is tagged, so the check looks for what the tags miss: a column that a
model got from elsewhere, and addresses that people wrote into texts that nobody tagged.

In a later night it looks at the rows that the night wrote (gate/written.py): the others were looked
at when they were written, for the same patterns, because with other ones everything is rebuilt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.gate.results import CheckResult
from orchestration.gate.scope import OPPORTUNITIES
from orchestration.gate.suites import narrowed_tables, read_suites
from orchestration.gate.written import WrittenRows
from orchestration.privacy.masking import masked_columns
from orchestration.privacy.patterns import EMAIL, PHONE
from orchestration.sources.catalog import canonical_contracts, native_sources

NAME = "personal_data_is_masked"
DESCRIPTION = (
    "No table holds a tagged column unmasked, nor an e-mail address or a phone number in a text; "
    "the company's own staff is named."
)
# Where the check stands in Dagster: the mart that holds what stands for addresses.
TABLE = "marts.fct_lead"

_SCHEMAS = ("staging", "intermediate", "marts")
# Tables of the company's own staff.
_STAFF = re.compile(r"(?:^|_)(?:user|rep)s?(?:_|$)")
# Columns that may hold what people write; ids, keys and closed vocabularies are left out, since
# every value of a large table would be looked at for nothing.
_FREE_TEXT = re.compile(
    r"name|title|company|reason|value|label|descri|subject|text|note|comment|step|email|phone"
    r"|address|__p?[cs]$"
)
_NO_TEXT = re.compile(r"(?:_hash|_key|_id|_domain|_digits)$")
# DuckDB's engine knows no look-around and no `\\b` at a sign, and needs neither here.
_PATTERNS = {"e-mail addresses": ("@", EMAIL), "phone numbers": ("", PHONE)}


def check_personal_data(candidate: Path) -> CheckResult:
    """The check of a candidate; critical. It tells tables, columns and counts, and no value."""
    with duckdb.connect(str(candidate), read_only=True) as connection:
        faults = [*_by_name(connection), *_by_content(connection)]
    return CheckResult(
        suite="privacy",
        check=NAME,
        table=TABLE,
        severity="critical",
        success=not faults,
        description=DESCRIPTION,
        observed="; ".join(faults) or "all masked",
        expected="no personal data; tag the column in its source file, see docs/personal-data.md",
        unexpected_count=len(faults),
        sample=[],
    )


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    found = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where schema_name in (select unnest(?)) order by all",
        [list(_SCHEMAS)],
    ).fetchall()
    return [(schema, table, column) for schema, table, column in found if not _is_staff(table)]


def _is_staff(table: str) -> bool:
    return _STAFF.search(table) is not None


def _by_name(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    tagged = _tagged_names()
    for schema, table, column in _columns(connection):
        if _plain(column) in tagged:
            yield f"{schema}.{table}.{column} bears the name of a tagged column"


def _tagged_names() -> set[str]:
    contracts = [
        *canonical_contracts().values(),
        *(each for source in native_sources().values() for each in source.contracts.values()),
    ]
    return {
        _plain(column.name)
        for contract in contracts
        for column in contract.columns
        if column.personal and column.name not in {name for name, _, _ in masked_columns(contract)}
    }


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _by_content(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    written = WrittenRows(connection)
    texts: dict[str, list[str]] = {}
    for schema, table, column in _columns(connection):
        if _FREE_TEXT.search(column) and not _NO_TEXT.search(column):
            texts.setdefault(f"{schema}.{table}", []).append(column)
    # Views have no last rows: those whose opportunities can be checked one by one are looked at as
    # over the opportunities that were computed anew.
    narrowed = sorted(
        written.views & texts.keys() & set(narrowed_tables(read_suites(), OPPORTUNITIES))
    )
    with written.of_recomputed(OPPORTUNITIES.relation, narrowed) as night:
        for table, columns in texts.items():
            place = f"{night}.{table}" if table in narrowed else table
            rows = f"{place} where {written.condition(table)}"
            counted = connection.execute(
                f"from {', '.join(_counts(column, rows) for column in columns)}"
            ).fetchone()
            asked = [(column, kind) for column in columns for kind in _PATTERNS]
            for (column, kind), count in zip(asked, counted or (), strict=True):
                if count:
                    yield f"{table}.{column} holds {count:,} {kind}"


def _counts(column: str, rows: str) -> str:
    """A row of counts, one a kind. Each text is looked at once, however often it stands there."""
    counted = (f"coalesce(sum(times) filter (where {_is(kind)}), 0)" for kind in _PATTERNS)
    return (
        f'(select {", ".join(counted)} from (select cast("{column}" as varchar) as written, '
        f"count(*) as times from {rows} group by all))"
    )


def _is(kind: str) -> str:
    sign, pattern = _PATTERNS[kind]
    quoted = pattern.replace("'", "''")
    matches = f"regexp_matches(written, '{quoted}')"
    # Both sides of an `and` would be worked out for every text.
    return f"case when contains(written, '{sign}') then {matches} end" if sign else matches
