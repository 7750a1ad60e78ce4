"""The console script `flywheel`.

Belongs here: commands, their options and exit statuses. Does not belong here: what they do; every
command imports what it needs when it runs, so that none pays for another.

Exit status: 0 published or done, 1 a gate refused the night, 2 usage or configuration, 3 a step
failed.
"""

from __future__ import annotations

import gc
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.accept_cli import accept
from orchestration.morning_cli import morning
from orchestration.outcome_cli import alerts_app, report
from orchestration.privacy_cli import forget, retention
from orchestration.quarantine_cli import quarantine_app
from orchestration.secrets import SecretFileError, redacted
from orchestration.serving.postgres.cli import serve_postgres
from orchestration.serving.sql_cli import Asking, ask
from orchestration.settings import Settings, WrongSettingError
from orchestration.sources_cli import sources_app
from orchestration.terminal import escaped, open_console

if TYPE_CHECKING:
    from orchestration.nightly import Plan

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Nightly CRM extracts in, gated and published funnel and cohort marts out.",
)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(sources_app, name="sources")
app.add_typer(alerts_app, name="alerts")
console = open_console()

_DAY = {"formats": ["%Y-%m-%d"]}
_REFUSED, _USAGE, _FAILED = 1, 2, 3


def main() -> None:
    """Run a command; configuration errors end with a sentence and not with a traceback."""
    import traceback

    from orchestration.company import CompanyFileError
    from orchestration.extracts.places import LandingUnreachableError
    from orchestration.faults import HelpNeededError, advice, told
    from orchestration.lock import NightRunningError
    from orchestration.outputs import OutputError
    from orchestration.privacy.keys import MaskingKeyError
    from orchestration.publication.opening import VersionUnreadableError
    from orchestration.publication.versions import NoSuchVersionError
    from orchestration.serving.postgres.target import PostgresError
    from orchestration.sources.model import SourceFileError

    try:
        app()
    except (
        PostgresError,
        CompanyFileError,
        SourceFileError,
        SecretFileError,
        NoSuchVersionError,
        NightRunningError,
        LandingUnreachableError,
        MaskingKeyError,
        OutputError,
        VersionUnreadableError,
        WrongSettingError,
    ) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(_USAGE)
    except HelpNeededError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(_FAILED)
    except Exception as error:
        settings = Settings()
        advised = advice(told(error), settings)
        if advised is None:
            sys.stderr.write(redacted(settings, "".join(traceback.format_exception(error))))
            sys.exit(_FAILED)
        first_line = str(error).partition("\n")[0]
        said = redacted(settings, f"{type(error).__name__}: {first_line}\n{advised}")
        Console(stderr=True).print(said, style="red", markup=False, soft_wrap=True)
        sys.exit(_FAILED)


@app.command()
def nightly(
    night: Annotated[
        datetime | None, typer.Option("--date", help="Only this night; try it again.", **_DAY)
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", help="First night of a range.", **_DAY)
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", help="Last night of a range.", **_DAY)
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build anew from bronze, new files or not.")
    ] = False,
) -> None:
    """Run every night that is due: load, build, check, publish."""
    from orchestration.extracts.ledger import Ledger
    from orchestration.lock import hold_lock
    from orchestration.nightly import plan, run_nights
    from orchestration.outcome.closing import close_night, close_without_night, telling_of_crashes
    from orchestration.privacy.keys import make_key
    from orchestration.progress import shown_on
    from orchestration.recovery import recover
    from orchestration.report import print_held, print_outcome, print_plan, print_told

    if night is not None and (first is not None or last is not None):
        raise typer.BadParameter("give --date, or --from and --to")
    if first is not None and last is not None and first > last:
        raise typer.BadParameter(
            f"--from {_day(first)} is after --to {_day(last)}: turn them round"
        )
    settings = Settings()
    hold_lock(settings)
    with telling_of_crashes(settings):
        for sentence in recover(settings):
            console.print(
                f"[yellow]mended[/]    {escaped(sentence)}", highlight=False, soft_wrap=True
            )
        if made := make_key(settings):
            console.print(
                f"made a key for the masks of personal data: {escaped(str(made))}\n"
                f"keep a copy of it; without it hashes change (docs/personal-data.md)",
                highlight=False,
                soft_wrap=True,
            )
        work = plan(settings, _day(night or first), _day(night or last), full_refresh)
    print_plan(console, work)
    if (named := _day(night or (first if first == last else None))) is not None:
        _require_landed(settings, work, named)
    if not work.nights:
        _print_nothing_new(settings, work)
        print_told(console, close_without_night(settings))
        print_held(console, work.held)
        return
    status, refused = 0, set()
    # The collector walks over all that Dagster, dbt and Great Expectations import, again and again:
    # four of eighteen CPU-seconds of a night. Between nights is often enough.
    gc.disable()
    with shown_on(console), telling_of_crashes(settings):
        for outcome in run_nights(settings, work.nights, full=work.full):
            print_outcome(console, outcome, settings)
            print_told(console, close_night(settings, outcome))
            if outcome.night != work.nights[-1]:
                gc.collect()
            status = max(status, outcome.exit_status)
            if outcome.publication is None:
                refused.add(outcome.night)
    held = Ledger(settings.ledger).held()
    print_held(console, [load for load in held if load.batch_date not in refused])
    raise typer.Exit(status)


@app.command()
def simulate(
    opportunities: Annotated[int, typer.Option(help="How many at the end.", min=1)] = 5_000,
    nights: Annotated[int, typer.Option(help="A full night, then daily changes.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
    first_night: Annotated[
        datetime, typer.Option(help="The full one.", show_default="2025-09-28", **_DAY)
    ] = datetime(2025, 9, 28),
    unless_landed: Annotated[
        bool, typer.Option("--unless-landed", help="Do nothing when anything has landed.")
    ] = False,
) -> None:
    """Land a sample company whose truth is written down beside it."""
    from orchestration.nightly import has_landed
    from orchestration.simulation import simulate as land

    settings = Settings()
    if unless_landed and has_landed(settings):
        return
    try:
        made = land(
            settings.landing,
            opportunities=opportunities,
            nights=nights,
            seed=seed,
            first_night=first_night.date(),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    rows = sum(made.row_counts.values())
    console.print(
        f"landed a sample company: {opportunities:,} opportunities, {rows:,} rows in "
        f"{len(made.nights)} nights, {made.nights[0]} to {made.nights[-1]}\n"
        f"its planted truth: {escaped(str(made.truth))}",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def status(
    nights: Annotated[int, typer.Option(help="How many nights to show.", min=1)] = 7,
) -> None:
    """What is published, what waits, and how the last nights went."""
    from orchestration.extracts.ledger import Ledger
    from orchestration.nightly import plan
    from orchestration.publication.versions import current_version, why_unseen
    from orchestration.report import print_held, print_nights, print_plan

    settings = Settings()
    console.print(f"home       {escaped(str(settings.root))}", highlight=False, soft_wrap=True)
    shown = why_unseen(settings) or current_version(settings) or "nothing yet"
    console.print(f"published  {escaped(shown)}", highlight=False, soft_wrap=True)
    work = plan(settings, None, None)
    due = "rebuild of the marts" if work.rebuild else ", ".join(map(str, work.nights)) or "nothing"
    console.print(f"due        {due}", highlight=False)
    print_nights(console, Ledger(settings.ledger).loads, nights)
    print_plan(console, work)
    print_held(console, work.held)


app.command(name="sql", cls=Asking)(ask)


@app.command()
def versions() -> None:
    """List the published versions; the one that readers see is marked."""
    from orchestration.publication.versions import current_version, kept_versions, publications
    from orchestration.report import print_versions

    settings = Settings()
    print_versions(
        console, publications(settings), kept_versions(settings), current_version(settings)
    )


@app.command()
def rollback(
    version: Annotated[str | None, typer.Argument(help="Default: the one before.")] = None,
) -> None:
    """Show readers an older version again."""
    from orchestration.lock import hold_lock
    from orchestration.publication.interrupted import settle
    from orchestration.publication.versions import publications, roll_back

    settings = Settings()
    hold_lock(settings)
    settle(settings)
    shown = roll_back(settings, version)
    newest = publications(settings)[-1].version
    console.print(f"readers now see {shown}", highlight=False)
    if shown != newest:
        console.print(
            f"until the next night is published: it holds all that is loaded, so correct first "
            f"what was wrong with {newest}, and land it anew in its place",
            highlight=False,
            soft_wrap=True,
        )


@app.command()
def changes(
    version: Annotated[str | None, typer.Argument(help="Default: the one readers see.")] = None,
) -> None:
    """What a version changed against the one before: rows, columns, metrics that moved much."""
    from orchestration.publication.changes_cli import print_changes

    print_changes(console, Settings(), version)


app.command()(morning)
app.command()(report)
app.command()(accept)
app.command()(serve_postgres)
app.command()(forget)
app.command()(retention)


def _require_landed(settings: Settings, work: Plan, night: date) -> None:
    """Whoever names a night waits for it: that it did not come is not that there is nothing new."""
    from orchestration.extracts.ledger import Ledger
    from orchestration.nightly import has_landed

    loaded = {load.batch_date for load in Ledger(settings.ledger).loads}
    if night in loaded or night in work.landing.files or not has_landed(settings):
        return
    console.print(
        f"nothing that a source claims has landed for night {night} in {settings.landing_name}: "
        f"see `flywheel status` for the nights that have",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    raise typer.Exit(_USAGE)


def _print_nothing_new(settings: Settings, work: Plan) -> None:
    from orchestration.nightly import has_landed
    from orchestration.publication.versions import current_version, publications

    if not has_landed(settings):
        console.print(
            f"nothing has landed in {escaped(settings.landing_name)}: drop a night there, or make "
            f"a sample company with `flywheel simulate`",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(_USAGE)
    published = publications(settings)
    if not published and (work.landing.incomplete or work.held):
        console.print("nothing is due yet, and nothing was ever published", highlight=False)
        return
    if not published:
        console.print(
            f"nothing that landed in {escaped(settings.landing_name)} is read: a night is a folder "
            f"<source>/<YYYY-MM-DD> with the files of the export",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(_USAGE)
    current, newest = current_version(settings), published[-1].version
    since = "" if current == newest else f"; readers see {current} since the rollback"
    besides = ", besides what is held back" if work.held else ""
    console.print(
        f"nothing new: version {newest} holds all that has landed{besides}{since}\n"
        f"look      {escaped(str(settings.published))}",
        highlight=False,
        soft_wrap=True,
    )


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant else None
