"""`flywheel simulate`: a sample company to look at.

Belongs here: the options and what is printed. Does not belong here: the company (simulation/).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from orchestration.settings import Settings
from orchestration.terminal import open_console, printable, say

console = open_console()


def simulate(
    opportunities: Annotated[int, typer.Option(help="How many at the end.", min=1)] = 5_000,
    nights: Annotated[int, typer.Option(help="A full night, then daily changes.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
    first_night: Annotated[
        datetime,
        typer.Option(help="The full one.", show_default="2025-09-28", formats=["%Y-%m-%d"]),
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
    say(
        console,
        f"landed a sample company: {opportunities:,} opportunities, {rows:,} rows in "
        f"{len(made.nights)} nights, {made.nights[0]} to {made.nights[-1]}\n"
        f"its planted truth: {printable(str(made.truth))}",
    )
