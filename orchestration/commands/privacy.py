"""`flywheel forget` and `flywheel retention`: what leaves the home, and the proof that it did.

Belongs here: what the two commands print. Does not belong here: what they do (privacy/).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import open_console, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestration.privacy.forget import Outcome

console = open_console()
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


def forget(
    person: Annotated[str, typer.Argument(help="E-mail address, or id of a contact or lead.")],
    dry_run: DryRun = False,
) -> None:
    """Remove a person from everything that is kept, for good, and prove it."""
    from orchestration.lock import hold_lock
    from orchestration.privacy.forget import forget as carry_out
    from orchestration.privacy.forget import rehearse
    from orchestration.privacy.persons import NoSuchPersonError

    settings = Settings()
    hold_lock(settings)
    try:
        outcome = (rehearse if dry_run else carry_out)(settings, person)
    except NoSuchPersonError as error:
        raise typer.BadParameter(str(error)) from None
    _print_places(outcome, dry_run)
    if settings.is_landing_remote:
        say(console, f"not touched: extracts in {settings.landing_name}")
    is_served = _clear_postgres(settings, dry_run)
    if dry_run:
        _print_left(f"{len(outcome.left):,} files hold an address or a number", outcome.left)
        say(console, "nothing was written; run it again without --dry-run")
    elif outcome.left:
        _print_left("still there", outcome.left)
        raise typer.Exit(ExitStatus.FAILED)
    else:
        say(console, " ".join(_proved(settings, outcome)))
    if not is_served:
        raise typer.Exit(ExitStatus.FAILED)


def retention(dry_run: DryRun = False) -> None:
    """Remove what is older than FLYWHEEL_RETAIN_…_DAYS say; nights do so after publication."""
    from orchestration.lock import hold_lock
    from orchestration.privacy.retention import apply_retention, outdated

    settings = Settings()
    hold_lock(settings)
    found = outdated(settings) if dry_run else apply_retention(settings)
    if not found:
        say(console, "nothing is too old: see FLYWHEEL_RETAIN_LANDING_DAYS and its like")
    for place, count in Counter(each.place for each in found).items():
        what = "files without their raw personal values" if place == "bronze" else "files removed"
        say(console, f"{place:<11}{count:,} {what}")
    if dry_run and found:
        _print_left("they are", [each.path for each in found])
        say(console, "nothing was removed; run it again without --dry-run")


def _clear_postgres(settings: Settings, is_dry: bool) -> bool:
    """Let PostgreSQL serve the version without the person; whether there is nothing left to do."""
    if settings.postgres is None or not settings.published.exists():
        return True
    if is_dry:
        say(
            console,
            "postgresql  the version that is served would be sent anew, and those before it go",
        )
        return True
    from orchestration.serving.postgres.clear import send_anew
    from orchestration.serving.postgres.target import PostgresError, target_of

    try:
        target = target_of(settings)
        if target is not None:
            served = send_anew(settings, target)
            for line in (served.told, *served.remarks):
                say(console, f"postgresql  {line}")
    except PostgresError as error:
        say(
            console,
            f"postgresql  {error}\n"
            f"            it may still hold hashes of the person: run this command again once it "
            f"answers",
        )
        return False
    return True


def _proved(settings: Settings, outcome: Outcome) -> Iterator[str]:
    """What was looked into and what follows from it, and not a word more."""
    if not outcome.searched:
        yield "the records hold no address and no number that could be searched for."
    elif outcome.records:
        yield (
            f"searched every byte below {settings.root}, databases and archives read: nothing is "
            f"left."
        )
    else:
        yield (
            f"no record bears this address. Its text was searched for in every byte below "
            f"{settings.root}, databases and archives read: it is nowhere. Records that have lost "
            f"the address are found by their id alone."
        )
    if outcome.is_remembered:
        yield "Later extracts will not bring the person back."


def _print_places(outcome: Outcome, is_dry: bool) -> None:
    word = "would be rewritten" if is_dry else "rewritten"
    say(console, f"{outcome.records:,} records of contacts and leads")
    for place, (files, rows) in outcome.places.items():
        say(console, f"{place:<11}{files:,} files, {rows:,} rows {word}")
    for path in outcome.removed:
        say(console, f"removed    {path}, whose rows are in bronze")
    for path in outcome.damaged:
        what = "would be removed" if is_dry else "was removed"
        say(console, f"versions   {path} {what}: it cannot be read, and no way leads back to it")


def _print_left(heading: str, paths: list[Path]) -> None:
    say(console, f"{heading}:")
    for path in paths:
        say(console, f"  {path}")
