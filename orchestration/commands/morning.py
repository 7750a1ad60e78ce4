"""`flywheel morning`: the morning report, written anew.

Belongs here: the options and what is printed. Does not belong here: the page (morning/).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.settings import Settings
from orchestration.terminal import open_console, say


def morning(
    version: Annotated[
        str | None, typer.Option(help="A version that is kept; default: what readers see.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the page here and nowhere else.", dir_okay=False)
    ] = None,
) -> None:
    """Write the morning report of a version anew: one page, for a browser or a printer."""
    from orchestration.morning.writing import write_morning

    page = write_morning(Settings(), version, output)
    say(open_console(), str(page))
