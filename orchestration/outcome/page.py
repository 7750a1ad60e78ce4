"""The page of a night, drawn from the results that are kept of it.

Belongs here: what stands on the page, writing it, and how long it stays. Does not belong here: its
markup (night.html.j2), its place (links.py), what to do about a check (remedies.py).

Great Expectations has pages of its own, which load scripts and styles from six hosts. This one
loads nothing, runs nothing and can be sent as a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.durable import replacing, switch_link
from orchestration.gate.results import CheckResult, result_files
from orchestration.gate.suites import Suite, read_suites
from orchestration.outcome.alerts import readers_see
from orchestration.outcome.links import LATEST, anchor_of, night_and_run, page_path
from orchestration.outcome.remedies import remedies_of
from orchestration.secrets import redactor
from orchestration.settings import Settings
from orchestration.terminal import printable

if TYPE_CHECKING:
    from orchestration.nightly import NightOutcome

_TEMPLATE = "night.html.j2"
# A page with a thousand failed checks must open on a phone: the others stand in the list of all.
_SHOWN_IN_FULL = 50
# After what a long name may go on in the next line.
_PART = re.compile(r"([/_])(?=\w)")
_COMMAND = re.compile(r"`([^`]+)`")
_WORDS = {"critical": "refused", "warning": "warned", "info": "noted"}
_CELL_CHARACTERS = 300


@dataclass(frozen=True)
class ShownCheck:
    """A check as the page shows it. `word` is what came of it; `rows` are texts below `columns`."""

    result: CheckResult
    anchor: str
    word: str
    observed: str
    is_in_full: bool
    remedies: list[str]
    columns: list[str]
    rows: list[list[str]]


def write_page(settings: Settings, outcome: NightOutcome, *, is_latest: bool = True) -> Path:
    """Write the page of a night and return its path; `latest-night.html` points to the latest.

    Pages of nights before the first whose results are kept go.
    """
    path = page_path(settings, outcome.night.isoformat(), outcome.run_id)
    html = render(settings, outcome, read_suites(), datetime.now(UTC))
    with replacing(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    if is_latest:
        switch_link(path.with_name(LATEST), path)
    _forget(settings)
    return path


def render(
    settings: Settings, outcome: NightOutcome, suites: Iterable[Suite], written_at: datetime
) -> str:
    """The page as HTML."""
    # A twentieth of a second, which `flywheel status` need not wait for.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    without_secrets = redactor(settings)

    def cleaned(value: Any) -> Any:
        """HTML has no place for control characters, and a secret none on a page."""
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return printable(without_secrets(value))

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=cleaned,
    )
    environment.filters["commands"] = lambda text: Markup(
        _COMMAND.sub(r"<code>\1</code>", str(escape(cleaned(text))))
    )
    environment.filters["parted"] = lambda text: Markup(
        _PART.sub(r"\1<wbr>", str(escape(cleaned(text))))
    )
    checks = _shown(outcome, {suite.name: suite for suite in suites})
    by_word = {
        word: [check for check in checks if check.word == word]
        for word in ("refused", "warned", "noted", "passed")
    }
    return environment.get_template(_TEMPLATE).render(
        outcome=outcome,
        state=outcome.state,
        readers_see=readers_see(settings),
        failure=(outcome.failure or "").splitlines() if outcome.state == "failed" else [],
        by_word=by_word,
        tables=_by_table(checks),
        landing=settings.landing_name,
        written_at=written_at,
    )


def _shown(outcome: NightOutcome, suites: dict[str, Suite]) -> list[ShownCheck]:
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    shown = []
    for check in outcome.checks:
        word = _WORDS[check.severity] if not check.success else "passed"
        counts[word] += 1
        columns = list(dict.fromkeys(name for row in check.sample for name in row))
        shown.append(
            ShownCheck(
                result=check,
                anchor=_unique(anchor_of(check.suite, check.table, check.check), taken),
                word=word,
                observed=_observed(check),
                is_in_full=not check.success and counts[word] <= _SHOWN_IN_FULL,
                remedies=[] if check.success else remedies_of(check, suites),
                columns=columns,
                rows=[[_cell(row.get(name)) for name in columns] for row in check.sample],
            )
        )
    return shown


def _observed(check: CheckResult) -> str:
    # A query for rows at fault observes how many there are, and expects nothing else.
    if check.observed.isdecimal() and not check.expected:
        return "1 row" if check.observed == "1" else f"{int(check.observed):,} rows"
    return check.observed


def _unique(anchor: str, taken: set[str]) -> str:
    name, number = anchor, 1
    while name in taken:
        number += 1
        name = f"{anchor}-{number}"
    taken.add(name)
    return name


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"


def _by_table(checks: list[ShownCheck]) -> dict[str, list[ShownCheck]]:
    """Checks by table, tables with failed ones first."""
    # dbt names a table without its schema: suites tell which one it is in.
    names = {check.result.table for check in checks}
    in_full = {name.rpartition(".")[2]: name for name in names if "." in name}
    tables: dict[str, list[ShownCheck]] = {}
    for check in checks:
        name = in_full.get(check.result.table, check.result.table) or "several tables"
        tables.setdefault(name, []).append(check)
    return dict(
        sorted(tables.items(), key=lambda each: (_is_clean(each[1]), each[0])),
    )


def _is_clean(checks: list[ShownCheck]) -> bool:
    return all(check.result.success for check in checks)


def _forget(settings: Settings) -> None:
    kept = min((path.name for path in result_files(settings)), default=None)
    for page in settings.report.glob("night-*.html"):
        about = night_and_run(page)
        # Names of results begin with their night.
        if kept is not None and about is not None and about[0] < kept[: len(about[0])]:
            page.unlink()
