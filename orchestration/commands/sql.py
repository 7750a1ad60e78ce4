"""`flywheel sql`: ask a published version in DuckDB's SQL.

Belongs here: the command, its options, and where its statements come from. Does not belong here:
how they are answered (serving/query.py), the shell (serving/shell.py).

Exit status: 0 answered, 2 usage, or a statement that cannot be answered.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from typer.core import TyperCommand

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import open_console, say

if TYPE_CHECKING:
    from orchestration.serving.query import Format

console = open_console()
# Apart, so that an error never ends up in a file of rows.
errors = Console(stderr=True)
_FORMATS: dict[str, Format] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


class Asking(TyperCommand):
    """A command whose argument may begin with a comment of SQL, which looks like an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As usual, once `--` with a blank behind it no longer stands at the beginning."""
        return super().parse_args(
            ctx,
            [f"\n{each}" if each[:2] == "--" and each[2:3].isspace() else each for each in args],
        )


def ask(
    query: Annotated[
        str | None,
        typer.Argument(help="Statements in DuckDB's SQL; - for standard input."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the statements from a file.")
    ] = None,
    format_: Annotated[
        Literal["table", "csv", "json", "parquet"] | None,
        typer.Option("--format", help="Default: by the ending of --output, or a table."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the answer to a file.")
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows of a table to show; 0 for all.", min=0)] = 100,
    version: Annotated[str | None, typer.Option(help="An older version.")] = None,
) -> None:
    """Ask the published warehouse, or open a shell on it; read-only, without files or network."""
    from orchestration.outputs import OutputError, let_go_of_output, standard_output
    from orchestration.publication.opening import VersionUnreadableError
    from orchestration.publication.versions import kept_version, version_path
    from orchestration.serving.query import QueryError, write

    settings = Settings()
    path = (
        version_path(settings, kept_version(settings, version)) if version else settings.published
    )
    if not path.exists():
        _fail(f"{path} is not there: run `flywheel nightly` first")
    written_as = _format(format_, output)
    text = _statements(query, file)
    if text is None and written_as != "table":
        _fail("a shell shows tables: give a query to write it to a file")
    try:
        if text is None:
            from orchestration.serving.shell import run_shell

            run_shell(path, console, rows)
        elif written_as == "table":
            with standard_output():
                _show_all(path, text, rows)
        else:
            write(path, text, written_as, output)
    except (QueryError, OutputError, VersionUnreadableError) as error:
        _fail(str(error))
    except BrokenPipeError:
        # Whoever read has had enough.
        let_go_of_output()


def table_width(console: Console) -> int:
    """How wide a table may be: as a terminal is, or what most editors show of a file."""
    return console.width if console.is_terminal else 200


def _statements(query: str | None, file: Path | None) -> str | None:
    """What is asked; None means that a person at a terminal has not said anything yet."""
    if query is not None and file is not None:
        raise typer.BadParameter("give statements or --file, not both")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{file} cannot be read: {error}") from None
    if query == "-" or (query is None and not sys.stdin.isatty()):
        return sys.stdin.read()
    return query


def _format(format_: Format | None, output: Path | None) -> Format:
    if output is None:
        if format_ == "parquet" and sys.stdout.isatty():
            raise typer.BadParameter("Parquet is not for a terminal: give --output FILE")
        return format_ or "table"
    found = format_ or _FORMATS.get(output.suffix)
    if found is None or found == "table":
        raise typer.BadParameter("a file holds csv, json or parquet: give --format, or end it so")
    return found


def _show_all(path: Path, text: str, rows: int) -> None:
    from orchestration.publication.opening import open_version
    from orchestration.serving.query import SCHEMAS, show, statements_in

    statements = statements_in(text)
    if not statements:
        _fail("there is no statement to answer")
    with open_version(path, schemas=SCHEMAS) as connection:
        for statement in statements:
            left_out = show(connection, statement, rows, table_width(console))
            if left_out:
                typer.echo(f"{left_out}: --rows 0 for all, or --format csv", err=True)


def _fail(text: str) -> None:
    say(errors, text, "red")
    raise typer.Exit(ExitStatus.USAGE)
