"""What the report is made of: the rows of one published version, and what stands beside it.

Belongs here: asking. Does not belong here: what the queries say (queries/), the version before
(changes.py), how anything looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.company import read_company
from orchestration.publication.opening import open_version
from orchestration.publication.versions import (
    Publication,
    current_version,
    kept_version,
    publications,
    version_path,
)
from orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from orchestration.extracts.ledger import Load

Row = dict[str, Any]
Rows = list[Row]
_QUERIES = Path(__file__).with_name("queries")
_PARAMETER = re.compile(r"\$(\w+)")
# Each has a chapter with all figures; the others share a table.
_CHAPTERS = 3


@dataclass(frozen=True)
class Chapter:
    """One pipeline: nothing here is ever added to another pipeline's."""

    pipeline: Row
    funnel: Rows
    trend: Rows
    triangle: Rows
    win_rates: Rows
    velocity: Rows
    stages: Rows


@dataclass(frozen=True)
class HeldNight:
    """A night that the gate refused after this version, so that no version holds it."""

    night: date
    objects: list[str]
    row_count: int


@dataclass(frozen=True)
class Evidence:
    """Everything that one page tells of, but for the version before.

    `waiting` has a row an object × column × rule of refused rows that nothing has brought in since.
    `age_hours` is how old its day was when the version was published, from the day's beginning;
    beyond `stale_hours` the company counts a version as stale.
    """

    publication: Publication
    is_shown: bool
    age_hours: float
    stale_hours: float
    currency: str
    night: Row
    freshness: Rows
    checks: Rows
    held: list[HeldNight]
    waiting: Rows
    pipelines: Rows
    chapters: list[Chapter]


def published(settings: Settings, version: str | None) -> Publication:
    """The publication of a version that is kept; without a name, the one that readers see.

    Raises NoSuchVersionError.
    """
    name = kept_version(settings, version)
    return next(each for each in publications(settings) if each.version == name)


def gather(settings: Settings, publication: Publication) -> Evidence:
    """Ask one version, ledger and quarantine for all that its page tells.

    Raises VersionUnreadableError.
    """
    from orchestration.extracts.ledger import Ledger

    company = read_company(settings.company)
    known = {
        "run": publication.run_id,
        "as_of": publication.as_of_date,
        "zone": company.business_time_zone,
    }
    ledger = Ledger(settings.ledger)
    with open_version(version_path(settings, publication.version)) as connection:
        pipelines = ask(connection, "pipelines", known)
        return Evidence(
            publication=publication,
            is_shown=publication.version == current_version(settings),
            age_hours=publication.age(
                publication.published_at.replace(tzinfo=UTC), company.business_time_zone
            )
            / timedelta(hours=1),
            stale_hours=settings.stale_hours,
            currency=company.reporting_currency,
            night=ask(connection, "night", known)[0],
            freshness=ask(connection, "freshness", known),
            checks=ask(connection, "checks", known),
            held=_held_nights(ledger.held()),
            waiting=_waiting(settings, ledger),
            pipelines=pipelines,
            chapters=[_chapter(connection, each, known) for each in pipelines[:_CHAPTERS]],
        )


def ask(connection: duckdb.DuckDBPyConnection, query: str, known: Row) -> Rows:
    """The rows of a query of queries/, given those of the known values that it names."""
    text = (_QUERIES / f"{query}.sql").read_text(encoding="utf-8")
    named = {name: known[name] for name in _PARAMETER.findall(text)}
    cursor = connection.execute(text, named)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _chapter(connection: duckdb.DuckDBPyConnection, pipeline: Row, known: Row) -> Chapter:
    known = known | {"pipeline": pipeline["pipeline_key"]}
    return Chapter(
        pipeline=pipeline,
        funnel=ask(connection, "funnel", known),
        trend=ask(connection, "trend", known),
        triangle=ask(connection, "triangle", known),
        win_rates=ask(connection, "win_rates", known),
        velocity=ask(connection, "velocity", known),
        stages=ask(connection, "pipeline", known),
    )


def _held_nights(loads: list[Load]) -> list[HeldNight]:
    return [
        HeldNight(
            night=night,
            objects=sorted({load.name for load in loads if load.batch_date == night}),
            row_count=sum(load.rows_read for load in loads if load.batch_date == night),
        )
        for night in sorted({load.batch_date for load in loads})
    ]


def _waiting(settings: Settings, ledger: Any) -> Rows:
    import polars as pl

    from orchestration.bronze.paths import quarantine_path
    from orchestration.bronze.quarantine import waiting

    paths = [quarantine_path(settings, load) for load in waiting(ledger, settings)]
    if not paths:
        return []
    return (
        pl.scan_parquet(paths, glob=False)
        .group_by(pl.concat_str("source", "object", separator="/").alias("name"), "column", "rule")
        .agg(row_count=pl.len(), newest_night=pl.col("batch_date").max())
        .sort("row_count", "name", "column", "rule", descending=[True, False, False, False])
        .collect()
        .to_dicts()
    )
