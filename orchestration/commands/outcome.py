"""`flywheel report` and `flywheel alerts`: the page of a night, and whether alerts arrive.

Belongs here: the commands and what they print. Does not belong here: pages and alerts (outcome/),
the other commands.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import open_console, say

alerts_app = typer.Typer(help="Alerts of refused, failed and late nights.", no_args_is_help=True)
console = open_console()


@alerts_app.callback()
def alerts() -> None:
    """Alerts of refused, failed and late nights."""


@alerts_app.command()
def test() -> None:
    """Send a test by webhook and e-mail, as they are set up."""
    from orchestration.outcome.alerts import try_out

    told = try_out(Settings())
    for _, line in told:
        say(console, line)
    if not told:
        say(
            console,
            "nobody would be told: set FLYWHEEL_ALERT_WEBHOOK, or FLYWHEEL_ALERT_EMAIL_TO, "
            "FLYWHEEL_ALERT_EMAIL_FROM and FLYWHEEL_SMTP_URL",
        )
        raise typer.Exit(ExitStatus.USAGE)
    if not all(is_sent for is_sent, _ in told):
        raise typer.Exit(ExitStatus.FAILED)


def report(
    night: Annotated[
        datetime | None,
        typer.Option("--date", help="The newest run of this night.", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """Where the page of the last night is: what was checked, found and refused."""
    from orchestration.outcome.closing import NoSuchNightError, page_of

    try:
        page = page_of(Settings(), night.date() if night else None)
    except NoSuchNightError as error:
        say(console, str(error), "red")
        raise typer.Exit(ExitStatus.USAGE) from error
    say(console, str(page))
