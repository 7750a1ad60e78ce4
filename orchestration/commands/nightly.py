"""`flywheel nightly` and `flywheel status`: run what is due, and say what that is.

Belongs here: the options, what is said beside the outcome of a night, the exit status. Does not
belong here: running a night (orchestration/nightly.py), how its outcome is printed (printing.py).
"""

from __future__ import annotations

import gc
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import escaped, open_console, printable, say, say_marked

if TYPE_CHECKING:
    from orchestration.nightly import Plan

console = open_console()
_DAY = {"formats": ["%Y-%m-%d"]}


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
    from orchestration.commands.printing import print_held, print_outcome, print_plan, print_told
    from orchestration.extracts.ledger import Ledger
    from orchestration.lock import hold_lock
    from orchestration.nightly import plan, run_nights
    from orchestration.outcome.closing import close_night, close_without_night, telling_of_crashes
    from orchestration.privacy.keys import make_key
    from orchestration.progress import shown_on
    from orchestration.recovery import recover

    earliest, latest = _range(night, first, last)
    settings = Settings()
    hold_lock(settings)
    with telling_of_crashes(settings):
        for sentence in recover(settings):
            say_marked(console, f"[yellow]mended[/]    {escaped(sentence)}")
        if made := make_key(settings):
            say(
                console,
                f"made a key for the masks of personal data: {printable(str(made))}\n"
                f"keep a copy of it; without it hashes change (docs/personal-data.md)",
            )
        work = plan(settings, earliest, latest, full_refresh)
    print_plan(console, work)
    if earliest is not None and earliest == latest:
        _require_landed(settings, work, earliest)
    if not work.nights:
        _print_nothing_new(settings, work)
        print_told(console, close_without_night(settings))
        print_held(console, work.held)
        return
    worst, refused = ExitStatus.DONE, set()
    # The collector walks over all that Dagster, dbt and Great Expectations import, again and again:
    # four of eighteen CPU-seconds of a night. Between nights is often enough.
    gc.disable()
    with shown_on(console), telling_of_crashes(settings):
        for outcome in run_nights(settings, work.nights, full=work.full):
            print_outcome(console, outcome, settings)
            print_told(console, close_night(settings, outcome))
            if outcome.night != work.nights[-1]:
                gc.collect()
            worst = max(worst, outcome.exit_status)
            if outcome.publication is None:
                refused.add(outcome.night)
    held = Ledger(settings.ledger).held()
    print_held(console, [load for load in held if load.batch_date not in refused])
    raise typer.Exit(worst)


def status(
    nights: Annotated[int, typer.Option(help="How many nights to show.", min=1)] = 7,
) -> None:
    """What is published, what waits, and how the last nights went."""
    from orchestration.commands.printing import print_held, print_nights, print_plan
    from orchestration.extracts.ledger import Ledger
    from orchestration.nightly import plan
    from orchestration.publication.versions import current_version, why_unseen

    settings = Settings()
    say(console, f"home       {printable(str(settings.root))}")
    shown = why_unseen(settings) or current_version(settings) or "nothing yet"
    say(console, f"published  {printable(shown)}")
    work = plan(settings, None, None)
    due = "rebuild of the marts" if work.rebuild else ", ".join(map(str, work.nights)) or "nothing"
    say(console, f"due        {due}")
    print_nights(console, Ledger(settings.ledger).loads, nights)
    print_plan(console, work)
    print_held(console, work.held)


def _range(
    night: datetime | None, first: datetime | None, last: datetime | None
) -> tuple[date | None, date | None]:
    """The first and the last night that are asked for; None for no limit."""
    if night is not None:
        if first is not None or last is not None:
            raise typer.BadParameter("give --date, or --from and --to")
        return night.date(), night.date()
    earliest, latest = first and first.date(), last and last.date()
    if earliest is not None and latest is not None and earliest > latest:
        raise typer.BadParameter(f"--from {earliest} is after --to {latest}: turn them round")
    return earliest, latest


def _require_landed(settings: Settings, work: Plan, night: date) -> None:
    """Whoever names a night waits for it: that it did not come is not that there is nothing new."""
    from orchestration.extracts.ledger import Ledger
    from orchestration.nightly import has_landed

    loaded = {load.batch_date for load in Ledger(settings.ledger).loads}
    if night in loaded or night in work.landing.files or not has_landed(settings):
        return
    say(
        console,
        f"nothing that a source claims has landed for night {night} in {settings.landing_name}: "
        f"see `flywheel status` for the nights that have",
    )
    raise typer.Exit(ExitStatus.USAGE)


def _print_nothing_new(settings: Settings, work: Plan) -> None:
    from orchestration.nightly import has_landed
    from orchestration.publication.versions import current_version, publications

    if not has_landed(settings):
        say(
            console,
            f"nothing has landed in {printable(settings.landing_name)}: drop a night there, or "
            f"make a sample company with `flywheel simulate`",
        )
        raise typer.Exit(ExitStatus.USAGE)
    published = publications(settings)
    if not published and (work.landing.incomplete or work.held):
        say(console, "nothing is due yet, and nothing was ever published")
        return
    if not published:
        say(
            console,
            f"nothing that landed in {printable(settings.landing_name)} is read: a night is a "
            f"folder <source>/<YYYY-MM-DD> with the files of the export",
        )
        raise typer.Exit(ExitStatus.USAGE)
    current, newest = current_version(settings), published[-1].version
    since = "" if current == newest else f"; readers see {current} since the rollback"
    besides = ", besides what is held back" if work.held else ""
    say(
        console,
        f"nothing new: version {newest} holds all that has landed{besides}{since}\n"
        f"look      {printable(str(settings.published))}",
    )
