"""`flywheel serve-postgres`: let PostgreSQL serve what readers of the file see.

Belongs here: the command, its options and what it prints. Does not belong here: how it is done
(serving/postgres/).

Exit status: 0 served, 2 usage or configuration, 3 it failed.
"""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import open_console, say

console = open_console()


def serve_postgres(
    again: Annotated[
        bool, typer.Option("--again", help="Send the version even when it is there already.")
    ] = False,
) -> None:
    """Let PostgreSQL serve what readers of the file see; FLYWHEEL_POSTGRES says where it is."""
    from orchestration.serving.postgres.serve import serve
    from orchestration.serving.postgres.target import PostgresError, target_of

    settings = Settings()
    try:
        target = target_of(settings)
    except PostgresError as error:
        say(console, str(error), "red")
        raise typer.Exit(ExitStatus.USAGE) from None
    if target is None:
        say(
            console,
            "no PostgreSQL is named: set FLYWHEEL_POSTGRES=postgresql://user:password@host/database"
            ", or FLYWHEEL_POSTGRES_FILE to a file that holds it",
            "red",
        )
        raise typer.Exit(ExitStatus.USAGE)
    try:
        served = serve(settings, target, again=again)
    except PostgresError as error:
        say(console, f"{error}\nreaders still see the version they had", "red")
        raise typer.Exit(ExitStatus.FAILED) from None
    say(console, f"served    {served.told}")
    for remark in served.remarks:
        say(console, f"          {remark}", "yellow")
