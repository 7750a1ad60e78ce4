"""`flywheel serve-postgres`: let PostgreSQL serve what readers of the file see.

Belongs here: the command, its options and what it prints. Does not belong here: how it is done
(serve.py), the other commands (orchestration/cli.py).

Exit status: 0 served, 2 usage or configuration, 3 it failed.
"""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.settings import Settings
from orchestration.terminal import open_console

console = open_console()
_USAGE, _FAILED = 2, 3


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
        _say(f"{error}", "red")
        raise typer.Exit(_USAGE) from None
    if target is None:
        _say(
            "no PostgreSQL is named: set FLYWHEEL_POSTGRES=postgresql://user:password@host/database"
            ", or FLYWHEEL_POSTGRES_FILE to a file that holds it",
            "red",
        )
        raise typer.Exit(_USAGE)
    try:
        served = serve(settings, target, again=again)
    except PostgresError as error:
        _say(f"{error}\nreaders still see the version they had", "red")
        raise typer.Exit(_FAILED) from None
    _say(f"served    {served.told}")
    for remark in served.remarks:
        _say(f"          {remark}", "yellow")


def _say(text: str, style: str | None = None) -> None:
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)
