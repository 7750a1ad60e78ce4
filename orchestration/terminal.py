"""The terminal, and texts from outside on it.

Belongs here: how wide a line may be, how it is printed, and names and values of extracts made fit
to be shown: what would color a terminal or move its cursor stands in them as blanks. Does not
belong here: what is shown (commands/).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PIPE_WIDTH = 120


def _stand_in_for_closed() -> None:
    """Let nothing be a stream that is closed, so that what is written to it goes nowhere.

    Otherwise the next file that is opened, be it a database, would have its number and take what
    libraries print.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


# Before any command has a file open.
_stand_in_for_closed()


class _PatientConsole(Console):
    """Goes on in silence where whoever read it has had enough: a night does not end for that."""

    def on_broken_pipe(self) -> None:
        """In place of rich's own, which ends the program with the status of a refusal."""
        self.quiet = True
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def open_console() -> Console:
    """Standard output. A pipe has no width of its own: wide enough for most file names."""
    return _PatientConsole(width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def printable(text: str) -> str:
    """A text without control characters."""
    return "".join(char if char.isprintable() else " " for char in text)


def escaped(text: str) -> str:
    """A text that can stand in rich's markup."""
    return escape(printable(text))


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print a text as it is, in one style at most, its lines unbroken."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def say_marked(console: Console, text: str) -> None:
    """Print a text in rich's markup, its lines unbroken; what is from outside is `escaped`."""
    console.print(text, highlight=False, soft_wrap=True)


def plain_table(*columns: str, show_header: bool = True) -> Table:
    """A table without lines, as the ones of a shell's own commands."""
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=show_header)
