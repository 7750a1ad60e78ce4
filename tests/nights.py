"""Outcomes of nights that never ran: results, publications and loads as a night would keep them.

Belongs here: what tests of pages and alerts begin from. Does not belong here: running nights.
"""

from __future__ import annotations

from datetime import date, datetime

from orchestration.gate.results import CheckResult, record
from orchestration.nightly import NightOutcome, outcome_of
from orchestration.publication.versions import Publication, point_to, publications, remember
from orchestration.settings import Settings

NIGHT = date(2025, 9, 29)
RUN = "5601d8fd-e1be-4a46-afa7-bad3fa31b8a6"


def check(name: str = "not_empty", **said: object) -> CheckResult:
    """A check of `marts.win_rate` that passed, unless said otherwise."""
    values: dict[str, object] = {
        "suite": "marts.win_rate",
        "table": "marts.win_rate",
        "severity": "critical",
        "success": True,
        "description": "There is a win rate.",
        "observed": "3",
        "expected": "min_value=1",
        "unexpected_count": None,
        "sample": [],
    }
    return CheckResult(check=name, **(values | said))  # type: ignore[arg-type]


def refusing(name: str = "no_orphans", **said: object) -> CheckResult:
    """A check that refuses its night, for one row."""
    found: dict[str, object] = {
        "success": False,
        "observed": "1",
        "expected": "",
        "sample": [{"opportunity_key": "salesforce:006", "amount": 5}],
    }
    return check(name, **(found | said))


def published(
    settings: Settings, as_of: date, run_id: str = "before", outcome: str = "published"
) -> Publication:
    """A version that readers see, without its file."""
    publication = Publication(
        version=f"{as_of}-001",
        run_id=run_id,
        as_of_date=as_of,
        published_at=datetime(2025, 9, 29, 5, 40),
        table_count=31,
        row_count=270_390,
        check_count=1,
        warning_count=0,
        outcome=outcome,
        fingerprint="0",
        rolled_back_at=None,
    )
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    remember(settings, [*publications(settings), publication])
    point_to(settings, publication.version)
    return publication


def night(
    settings: Settings,
    *checks: CheckResult,
    failure: str | None = None,
    day: date = NIGHT,
    run_id: str = RUN,
) -> NightOutcome:
    """A night with these results, which are kept."""
    record(settings, run_id, day.isoformat(), "suites", list(checks))
    return outcome_of(settings, day, run_id, failure)
