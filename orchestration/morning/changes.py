"""What is different since the version that readers saw before.

Belongs here: what the version itself says of that (`ops.version_change`), and the company's figures
of both side by side. Does not belong here: comparing (publication/changes.py), telling it (page.py,
tables.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.morning.evidence import Row, Rows, ask
from orchestration.publication.changes import FEWEST_VERSIONS, Change, changes_of
from orchestration.publication.opening import VersionUnreadableError, open_version
from orchestration.publication.versions import Publication, publications, version_path
from orchestration.settings import Settings


@dataclass(frozen=True)
class Changes:
    """Two versions side by side.

    `headline` and `tables` have `before`, `now` and `difference`; `headline` is empty when the file
    of the version before is gone. `tables` holds the marts whose number of rows differs, the widest
    difference first; `columns` has sentences. `metrics` have left their limits, and have the name
    and the unit of their definition too; `awaited_count` is how many versions are still to come
    before metrics have limits.
    """

    before: Publication
    headline: Rows
    tables: Rows
    same_count: int
    columns: list[str]
    metrics: Rows
    awaited_count: int


def changes(settings: Settings, publication: Publication) -> Changes | None:
    """Against the version that readers saw when this one came; None for the first of all."""
    told = changes_of(settings, publication.version)
    before = _before(told, publications(settings), publication)
    if before is None:
        return None
    with open_version(version_path(settings, publication.version)) as now:
        known = ask(now, "compared", {})[0]
        metrics = {row["metric_id"]: row for row in ask(now, "metrics", {})}
        headline = ask(now, "headline", {})
    differing = [_counted(each) for each in told if each.kind == "rows"]
    return Changes(
        before=before,
        headline=_beside(settings, before, headline),
        tables=sorted(differing, key=lambda row: (-abs(row["difference"]), row["name"])),
        same_count=known["mart_count"] - len(differing),
        columns=[each.sentence for each in told if each.kind not in ("rows", "metric")],
        metrics=[_moved(each, metrics) for each in told if each.kind == "metric"],
        awaited_count=max(0, FEWEST_VERSIONS - known["version_count"]),
    )


def _before(
    told: list[Change], everything: list[Publication], publication: Publication
) -> Publication | None:
    if told:
        # After a rollback it is not the one that was published before.
        return next((each for each in everything if each.version == told[0].compared_with), None)
    place = [each.version for each in everything].index(publication.version)
    return everything[place - 1] if place else None


def _beside(settings: Settings, before: Publication, now: Rows) -> Rows:
    try:
        with open_version(version_path(settings, before.version)) as then:
            values = {row["name"]: row["value"] for row in ask(then, "headline", {})}
    except VersionUnreadableError:
        # Gone or damaged, it is no reason to leave the page of the next one unwritten.
        return []
    return [
        {
            **row,
            "before": values[row["name"]],
            "now": row["value"],
            "difference": row["value"] - values[row["name"]],
        }
        for row in now
    ]


def _counted(change: Change) -> Row:
    before, now = int(change.before or 0), int(change.after or 0)
    return {"name": change.table, "before": before, "now": now, "difference": now - before}


def _moved(change: Change, metrics: dict[str, Row]) -> Row:
    return {
        **metrics[change.item or ""],
        "before": float(change.before or 0),
        "now": float(change.after or 0),
        "low": change.low,
        "high": change.high,
    }
