"""What a person sees of nights and versions on the terminal.

Belongs here: tables and sentences. Does not belong here: deciding anything
(orchestration/nightly.py).
"""

from __future__ import annotations

import sys
from collections import defaultdict

from rich.console import Console

from orchestration.extracts.ledger import Load
from orchestration.gate.results import CheckResult, Verdict
from orchestration.gate.suites import read_suites
from orchestration.morning.writing import page_of
from orchestration.nightly import NightOutcome, Plan
from orchestration.outcome.alerts import readers_see
from orchestration.outcome.remedies import remedies_of
from orchestration.publication.changes import Change
from orchestration.publication.versions import NOTHING_TO_COPY, Publication
from orchestration.secrets import redacted
from orchestration.settings import Settings
from orchestration.terminal import escaped, plain_table, printable, say, say_marked

_SHOWN_ROWS = 5


def print_plan(console: Console, plan: Plan) -> None:
    """What is waiting, and why."""
    for night in plan.landing.incomplete:
        say_marked(
            console,
            f"[yellow]{night.source.name} {night.night} is not complete:[/] it has no _SUCCESS and "
            f"changed a moment ago. Put an empty _SUCCESS into it, or name the night: "
            f"{_command()} nightly --date {night.night}",
        )
    for name in plan.landing.unclaimed:
        say_marked(console, f"[yellow]no object claims[/] {escaped(name)}: it is not read")
    for source, nights in plan.landing.absent.items():
        told = ", ".join(map(str, nights[-_SHOWN_ROWS:]))
        say_marked(
            console,
            f"[yellow]{source}: no night came on[/] {told}"
            + (
                f" and {len(nights) - _SHOWN_ROWS} days before" if len(nights) > _SHOWN_ROWS else ""
            ),
        )


def print_held(console: Console, held: list[Load]) -> None:
    """Refused files that no version holds."""
    for night in sorted({load.batch_date for load in held}):
        loads = [load for load in held if load.batch_date == night]
        rows = sum(load.rows_read for load in loads)
        objects = sorted({load.name for load in loads})
        more = f" and {len(objects) - _SHOWN_ROWS} more" if len(objects) > _SHOWN_ROWS else ""
        say_marked(
            console,
            f"[yellow]{night} is held back:[/] {', '.join(objects[:_SHOWN_ROWS])}{more} refused, "
            f"{rows:,} rows are in no version. Land corrected files, or try again: "
            f"{_command()} nightly --date {night}",
        )


def print_outcome(console: Console, outcome: NightOutcome, settings: Settings) -> None:
    """What was read, refused, checked and published, and where to look."""
    say_marked(console, f"\n[bold]Night {outcome.night}[/]")
    _print_loads(console, outcome.loads)
    passed = sum(check.success for check in outcome.checks)
    warned, refused = len(outcome.verdict.warning), len(outcome.verdict.refusing)
    noted = outcome.verdict.ran - passed - warned - refused
    say_marked(
        console,
        f"checked   {outcome.verdict.ran} checks: {passed} passed, {warned} warned, "
        f"{refused} refused" + (f", {noted} noted" if noted else ""),
    )
    _print_failed(console, outcome.verdict)
    publication = outcome.publication
    if publication is not None:
        if publication.rebuilt_because not in (None, NOTHING_TO_COPY):
            say_marked(console, f"rebuilt   everything from bronze: {publication.rebuilt_because}")
        say_marked(
            console,
            f"[green]published[/] version {publication.version} as of "
            f"{publication.as_of_date}: {publication.table_count} marts, "
            f"{publication.row_count:,} rows\n"
            f"look      {escaped(str(settings.published))}  (read-only; DuckDB 1.4 or newer)\n"
            f'          {_command()} sql "select * from marts.win_rate limit 5"',
        )
        _print_served(console, outcome, settings)
    elif outcome.verdict.refusing:
        say_marked(
            console,
            f"[red bold]refused[/]   {_readers_see(settings)}\n"
            f"          Correct the files in {escaped(settings.landing_name)} and run again.",
        )
    else:
        say_marked(
            console,
            f"[red bold]failed[/]    {_lines(redacted(settings, outcome.failure or ''))}\n"
            f"          {_readers_see(settings)}",
        )


def _print_failed(console: Console, verdict: Verdict) -> None:
    """What warned and what refused; what helps against several checks is said with the first."""
    labelled = [("[yellow]warning[/]", check) for check in verdict.warning]
    labelled += [("[red]refused[/]", check) for check in verdict.refusing]
    suites = {suite.name: suite for suite in read_suites()} if labelled else {}
    told: set[str] = set()
    for label, check in labelled:
        _print_check(console, label, check)
        remedies = remedies_of(check, suites)
        if not told.issuperset(remedies):
            say(console, f"          do: {printable(' '.join(remedies))}")
        told.update(remedies)


def _readers_see(settings: Settings) -> str:
    said = readers_see(settings)
    return said[0].lower() + said[1:]


def print_told(console: Console, lines: list[str]) -> None:
    """Where the page of a night is, and who was told."""
    for line in lines:
        say(console, printable(line))


def _print_served(console: Console, outcome: NightOutcome, settings: Settings) -> None:
    if outcome.publication is not None:
        page = page_of(settings, outcome.publication.version)
        if page.exists():
            say(console, f"report    {page}")
    if outcome.served:
        told = outcome.served.replace("\n", "\n          ")
        say(console, f"served    {told}")
    if outcome.failure:
        say_marked(
            console,
            f"[red bold]failed[/]    {_lines(redacted(settings, outcome.failure))}\n"
            f"          The version is published all the same. Then: {_command()} morning, or "
            f"{_command()} serve-postgres",
        )


def _command() -> str:
    """The console script as it was called, so that what is printed can be copied and run."""
    called = sys.argv[0]
    return called if called.endswith("flywheel") else "flywheel"


def _lines(text: str) -> str:
    return "\n".join(map(escaped, text.splitlines()))


def _print_loads(console: Console, loads: list[Load]) -> None:
    if not loads:
        say(console, "read      no new files; the models are built anew")
        return
    table = plain_table()
    for name in ("object", "file"):
        table.add_column(name, overflow="fold")
    for name in ("read", "accepted", "quarantined"):
        table.add_column(name, justify="right")
    totals: dict[str, int] = defaultdict(int)
    for load in loads:
        table.add_row(
            load.name,
            escaped(f"{load.batch_date}/{load.file}"),
            f"{load.rows_read:,}",
            f"{load.rows_accepted:,}",
            f"{load.rows_quarantined:,}",
        )
        totals["read"] += load.rows_read
        totals["accepted"] += load.rows_accepted
        totals["quarantined"] += load.rows_quarantined
    table.add_row("", "", *(f"{totals[name]:,}" for name in ("read", "accepted", "quarantined")))
    console.print(table, highlight=False)


def _print_check(console: Console, label: str, check: CheckResult) -> None:
    say_marked(
        console,
        f"{label}   {check.suite}, {check.check}: {escaped(check.observed)}\n"
        f"          must hold: {check.description}",
    )
    for row in check.sample[:_SHOWN_ROWS]:
        said = ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)
        say(console, f"          {printable(said)}")


def print_nights(console: Console, loads: list[Load], limit: int) -> None:
    """The last nights, with what was read, accepted and quarantined in each."""
    table = plain_table()
    table.add_column("night")
    table.add_column("source")
    for name in ("files", "read", "accepted", "quarantined"):
        table.add_column(name, justify="right")
    table.add_column("status")
    groups: dict[tuple[str, str], list[Load]] = defaultdict(list)
    for load in loads:
        groups[str(load.batch_date), load.source].append(load)
    for (night, source), members in sorted(groups.items(), reverse=True)[:limit]:
        # Rows read anew were read before: those accepted now are quarantined no more.
        files = [load for load in members if load.reload_of is None]
        again = sum(
            load.rows_accepted
            for load in members
            if load.reload_of is not None and load.status != "refused"
        )
        table.add_row(
            night,
            source,
            str(len(files)),
            f"{sum(load.rows_read for load in files):,}",
            f"{sum(load.rows_accepted for load in files) + again:,}",
            f"{sum(load.rows_quarantined for load in files) - again:,}",
            ", ".join(sorted({load.status for load in members})),
        )
    console.print(table, highlight=False)


def print_versions(
    console: Console, publications: list[Publication], kept: list[str], current: str | None
) -> None:
    """Published versions, newest first."""
    table = plain_table()
    table.add_column("")
    for name in ("version", "as of", "published (UTC)", "outcome"):
        table.add_column(name)
    table.add_column("rows", justify="right")
    for entry in reversed(publications):
        if entry.version not in kept:
            continue
        outcome = "rolled back" if entry.rolled_back_at else entry.outcome
        table.add_row(
            "→" if entry.version == current else "",
            entry.version,
            str(entry.as_of_date),
            f"{entry.published_at:%Y-%m-%d %H:%M}",
            outcome,
            f"{entry.row_count:,}",
        )
    console.print(table, highlight=False)


def print_changes(console: Console, version: str, changes: list[Change]) -> None:
    """What a version changed, metrics beyond their limits first."""
    if not changes:
        say(console, f"{version} changed nothing that is compared")
        return
    say(console, f"{version} against {changes[0].compared_with}")
    table = plain_table(show_header=False)
    for change in sorted(changes, key=lambda each: (each.kind != "metric", each.kind == "rows")):
        table.add_row(change.kind, change.sentence)
    console.print(table, highlight=False)
