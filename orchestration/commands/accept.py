"""`flywheel accept`: a lasting change was meant, and need not be warned of night after night.

Belongs here: the command and what it prints. Does not belong here: what is written down
(gate/accepted.py), what it makes of later nights (dbt_project/models/ops/).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import open_console, say

console = open_console()


def accept(
    check: Annotated[str, typer.Argument(help="The check that warned, as the page names it.")],
    reason: Annotated[str, typer.Option(help="What was meant; it is kept with the day.")],
    night: Annotated[
        datetime | None,
        typer.Option("--date", help="Night that warned.", show_default="the newest",
                     formats=["%Y-%m-%d"]),
    ] = None,
) -> None:  # fmt: skip
    """A lasting change was meant: warn no more of nights that are like this one."""
    from orchestration.gate.accepted import NAME, NothingToAcceptError
    from orchestration.gate.accepted import accept as write_down

    settings = Settings()
    if not reason.strip():
        raise typer.BadParameter("say what was meant: --reason 'new territories'")
    told, today = " ".join(reason.split()), datetime.now(UTC).date()
    try:
        accepted = write_down(settings, check, night.date() if night else None, told, today)
    except NothingToAcceptError as error:
        say(console, str(error), "red")
        raise typer.Exit(ExitStatus.USAGE) from error
    for each in accepted:
        what = " ".join(filter(None, [each.object_name, each.column_name]))
        say(console, f"accepted  {each.source_system}/{what} as it was in the night {each.night}")
    say(
        console,
        f"nights to come that are like it do not warn, for a quarter of a year; what is neither "
        f"like it nor as usual still does\n"
        f"written   {settings.operations / NAME} (to take it back, remove the line)",
    )
