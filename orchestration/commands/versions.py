"""`flywheel versions`, `rollback` and `changes`: what readers may see, and what each changed.

Belongs here: the commands and what they print. Does not belong here: the versions themselves, and
comparing them (publication/).
"""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.settings import Settings
from orchestration.terminal import open_console, say

console = open_console()


def versions() -> None:
    """List the published versions; the one that readers see is marked."""
    from orchestration.commands.printing import print_versions
    from orchestration.publication.versions import current_version, kept_versions, publications

    settings = Settings()
    print_versions(
        console, publications(settings), kept_versions(settings), current_version(settings)
    )


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
    say(console, f"readers now see {shown}")
    if shown != newest:
        say(
            console,
            f"until the next night is published: it holds all that is loaded, so correct first "
            f"what was wrong with {newest}, and land it anew in its place",
        )


def changes(
    version: Annotated[str | None, typer.Argument(help="Default: the one readers see.")] = None,
) -> None:
    """What a version changed against the one before: rows, columns, metrics that moved much."""
    from orchestration.commands.printing import print_changes
    from orchestration.publication.changes import changes_of
    from orchestration.publication.versions import kept_version

    settings = Settings()
    version = kept_version(settings, version)
    print_changes(console, version, changes_of(settings, version))
