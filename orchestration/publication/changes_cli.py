"""`flywheel changes`: what a version changed, for a person.

Belongs here: the table that is printed. Does not belong here: comparing (changes.py).
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from orchestration.publication.changes import changes_of
from orchestration.publication.versions import kept_version
from orchestration.settings import Settings


def print_changes(console: Console, settings: Settings, version: str | None) -> None:
    """Print the differences of a version, metrics beyond their limits first.

    Raises NoSuchVersionError when there is no such version, and VersionUnreadableError.
    """
    version = kept_version(settings, version)
    found = changes_of(settings, version)
    if not found:
        console.print(f"{version} changed nothing that is compared", highlight=False)
        return
    console.print(f"{version} against {found[0].compared_with}", highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for change in sorted(found, key=lambda each: (each.kind != "metric", each.kind == "rows")):
        table.add_row(change.kind, change.sentence)
    console.print(table, highlight=False)
