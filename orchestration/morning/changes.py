"""What is different since the version that was published before.

Belongs here: comparing two kept files. Does not belong here: telling it (page.py, tables.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.morning.evidence import Row, Rows, ask, open_version
from orchestration.publication.versions import Publication, kept_versions, publications
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Changes:
    """Two versions side by side: `headline` and `tables` have `before`, `now` and `difference`.

    `tables` holds the marts whose number of rows differs, the widest difference first.
    """

    before: Publication
    headline: Rows
    tables: Rows
    same_count: int


def changes(settings: Settings, publication: Publication) -> Changes | None:
    """Against the version published before; None when there is none, or its file is gone."""
    everything = publications(settings)
    place = [each.version for each in everything].index(publication.version)
    before = everything[place - 1] if place else None
    if before is None or before.version not in kept_versions(settings):
        return None
    with (
        open_version(settings, before.version) as then,
        open_version(settings, publication.version) as now,
    ):
        headline = _side_by_side(ask(then, "headline", {}), ask(now, "headline", {}))
        tables = _side_by_side(_row_counts(then), _row_counts(now))
    differing = [row for row in tables if row["difference"]]
    return Changes(
        before=before,
        headline=headline,
        tables=sorted(differing, key=lambda row: (-abs(row["difference"]), row["name"])),
        same_count=len(tables) - len(differing),
    )


def _side_by_side(then: Rows, now: Rows) -> Rows:
    """What only one version has counts as 0 in the other."""
    names = {row["name"]: row for row in [*then, *now]}
    before, after = ({row["name"]: row["value"] for row in rows} for rows in (then, now))
    return [
        {
            **row,
            "before": before.get(name, 0),
            "now": after.get(name, 0),
            "difference": after.get(name, 0) - before.get(name, 0),
        }
        for name, row in names.items()
    ]


def _row_counts(connection: duckdb.DuckDBPyConnection) -> Rows:
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    ).fetchall()
    return [_count(connection, name) for (name,) in names]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> Row:
    found = connection.execute(f'select count(*) from marts."{table}"').fetchone()
    return {"name": table, "value": found[0] if found else 0}
