"""What the tables that a publication writes into itself say about themselves.

Belongs here: grain and columns of the tables of `ops` that no dbt model makes. Does not belong
here: comments of models (dbt's YAML, which `persist_docs` writes into the file), what the tables
hold (promote.py, warehouse/seed.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Description:
    """Grain of a table, and what each of its columns means, with its unit."""

    grain: str
    columns: dict[str, str]


_REBUILT = (
    "Why everything was built anew from bronze; NULL for a night that worked on what changed."
)

BUILD = Description(
    "One row: the models and sources that built the tables, and why they built everything anew, "
    "if they did.",
    {
        "project_fingerprint": "Hash of the models, the checks, the program and the user's sources "
        "and settings.",
        "rebuilt_because": _REBUILT,
        "scattered_nights": "Number of nights whose rows still lie apart from those before, since "
        "tables were written whole; 0 where they were put together.",
    },
)

GATE_RESULT = Description(
    "One row a check of a night, refused nights included.",
    {
        "run_id": "Run that made the check.",
        "night": "Night that was judged.",
        "stage": "Step of the night that made it: `bronze-<source>`, `warehouse` or `suites`.",
        "suite": "Group of checks, mostly the table they look at.",
        "check": "Short name of the check.",
        "table": "Table that was looked at.",
        "severity": "What a failure does: `critical` refuses the night, `warning` is shown, `info` "
        "is only recorded.",
        "success": "Whether the check held.",
        "description": "What must hold, in a sentence.",
        "observed": "What was found.",
        "expected": "What was to be found.",
        "unexpected_count": "Number of offending rows; NULL where the check does not count rows.",
        "sample": "A few offending rows, as JSON.",
    },
)

VERSION_CHANGE = Description(
    "One row a difference from the version that readers saw before.",
    {
        "version": "Version that brought the change.",
        "compared_with": "Version that readers saw before it.",
        "kind": "`rows`, `table added`, `table removed`, `column added`, `column removed`, "
        "`column retyped` or `metric`.",
        "table_name": "Table that changed; of a metric, the one it is computed from.",
        "item": "Column or metric; NULL where the whole table is meant.",
        "before": "What it was; NULL where there was none.",
        "after": "What it is; NULL where there is none.",
        "low": "Of a metric, the lowest value that would have been usual; else NULL.",
        "high": "Of a metric, the highest value that would have been usual; else NULL.",
    },
)

METRIC_VALUE = Description(
    "One row a metric and version, up to this one: the memory that tells what is usual.",
    {
        "version": "Version whose marts gave the value.",
        "as_of_date": "Newest night whose extracts the version holds.",
        "published_at": "Instant of publication, UTC.",
        "metric_id": "Metric of `marts.metric_registry` whose rows add up.",
        "value": "The metric over all its rows, all dimensions and the newest day, in its unit.",
    },
)

PUBLICATION = Description(
    "One row a published version, this one included; the newest row is the version that holds this "
    "table.",
    {
        "version": "Key: `<as-of date>-<number>`, the number counting publications of that night.",
        "run_id": "Run that published the version.",
        "as_of_date": 'Newest night whose extracts the version holds; its "today".',
        "published_at": "Instant of publication, UTC.",
        "table_count": "Number of marts.",
        "row_count": "Number of rows of all marts.",
        "check_count": "Number of checks that the gate made.",
        "warning_count": "Number of checks that warned.",
        "outcome": "`published` or `published with warnings`.",
        "fingerprint": "Hash of the loads, sources, settings and program that made the version.",
        "rolled_back_at": "Instant, UTC, at which readers were shown an older version instead; "
        "NULL for a version that stayed.",
        "rebuilt_because": _REBUILT,
    },
)


def comment(connection: duckdb.DuckDBPyConnection, table: str, description: Description) -> None:
    """Write a description into the file; a column that the table lacks is an error."""
    connection.execute(f"comment on table {table} is {_quoted(description.grain)}")
    for column, text in description.columns.items():
        connection.execute(f'comment on column {table}."{column}" is {_quoted(text)}')


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
