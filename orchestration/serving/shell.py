"""The small shell of `flywheel sql`.

Belongs here: reading statements line by line, commands that begin with a dot, history. Does not
belong here: answers (query.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.publication.opening import open_version
from orchestration.serving.query import SCHEMAS, QueryError, is_complete, show, statements_in
from orchestration.terminal import escaped, say

_PROMPT, _GOES_ON = "flywheel> ", "     ...> "
_REMEMBERED_LINES = 1000
_COMMANDS = (".help", ".quit", ".schema", ".tables")
_HELP = """\
A statement may go over several lines; a semicolon ends it. Tables of marts and ops need no schema,
and the tabulator completes names.
  .tables [TEXT]   tables, and what a row of each is; only those whose name holds the text
  .schema TABLE    columns of a table, and what they mean
  .help            this
  .quit            leave; so does Ctrl-D. Ctrl-C forgets what is typed, or stops a query
What DuckDB's SQL can do is at https://duckdb.org/docs/sql/introduction"""


def run_shell(path: Path, console: Console, rows: int) -> None:
    """Answer until the person leaves. It stays on one version, whatever is published meanwhile."""
    name = path.resolve().name
    console.print(f"{name}, read-only; .help for help, .quit to leave", highlight=False)
    with open_version(path, schemas=SCHEMAS) as connection, _history(_names(connection)):
        for entry in _entries(console):
            try:
                if entry.startswith("."):
                    if not _obey(connection, console, entry):
                        return
                    continue
                for statement in statements_in(entry):
                    width = console.width if console.is_terminal else 200
                    left_out = show(connection, statement, rows, width)
                    if left_out:
                        say(console, f"{left_out}: add a limit, or start with --rows 0", "yellow")
            except QueryError as error:
                say(console, str(error), "red")
            except KeyboardInterrupt:
                say(console, "stopped", "yellow")


def _entries(console: Console) -> Iterator[str]:
    """Statements and commands, whole, until the input ends."""
    lines: list[str] = []
    while True:
        try:
            line = input(_GOES_ON if lines else _PROMPT)
        except EOFError:
            console.print()
            return
        except KeyboardInterrupt:
            console.print()
            lines = []
            continue
        if not lines and not line.strip():
            continue
        if not lines and line.lstrip().startswith("."):
            yield line.strip()
            continue
        lines.append(line)
        if is_complete("\n".join(lines)):
            yield "\n".join(lines)
            lines = []


def _obey(connection: duckdb.DuckDBPyConnection, console: Console, entry: str) -> bool:
    """A command with a dot; False when it was the one to leave."""
    command, _, argument = entry.rstrip(";").partition(" ")
    argument = argument.strip()
    match command:
        case ".quit" | ".exit":
            return False
        case ".tables":
            _show_tables(connection, console, argument)
        case ".schema" if argument:
            _show_columns(connection, console, argument)
        case ".schema":
            say(console, "which table? .schema marts.win_rate", "red")
        case ".help":
            console.print(_HELP, highlight=False, markup=False)
        case _:
            say(console, f"there is no {command}: .help shows what there is", "red")
    return True


def _show_tables(connection: duckdb.DuckDBPyConnection, console: Console, text: str) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("table", no_wrap=True)
    table.add_column("a row")
    for schema, name, comment in connection.execute(
        """
        select schema_name, table_name, comment from duckdb_tables()
        union all
        select schema_name, view_name, comment from duckdb_views() where not internal
        order by 1, 2
        """
    ).fetchall():
        if schema in ("marts", "ops") and text in f"{schema}.{name}":
            table.add_row(f"{schema}.{name}", escaped(_first_sentence(comment or "")))
    console.print(table, highlight=False)


def _show_columns(connection: duckdb.DuckDBPyConnection, console: Console, name: str) -> None:
    schema, _, table_name = name.rpartition(".")
    rows = connection.execute(
        """
        select column_name, data_type, comment
        from duckdb_columns()
        where schema_name = ? and table_name = ?
        order by column_index
        """,
        [schema or "marts", table_name],
    ).fetchall()
    if not rows:
        say(console, f"there is no table {name}: .tables shows what there is", "red")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("column", "type"):
        table.add_column(title, no_wrap=True)
    table.add_column("meaning")
    for column, type_, comment in rows:
        table.add_row(column, type_, escaped(comment or ""))
    console.print(table, highlight=False)


def _first_sentence(comment: str) -> str:
    sentence, stop, _ = comment.partition(". ")
    return sentence + stop.strip()


def _names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table and column, to be completed with the tabulator."""
    found = connection.execute(
        """
        select distinct unnest([table_name, schema_name || '.' || table_name, column_name])
        from duckdb_columns()
        where schema_name in ('marts', 'ops')
        order by 1
        """
    ).fetchall()
    return [name for (name,) in found]


@contextmanager
def _history(names: list[str]) -> Iterator[None]:
    """Lines of earlier shells with the arrow keys; nothing where Python has no readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    file = state / "flywheel" / "sql_history"
    with suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(_REMEMBERED_LINES)
    readline.set_completer(_completer(names))
    readline.set_completer_delims(" \t\n,()=<>+-*/;")
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)


def _completer(names: list[str]) -> Callable[[str, int], str | None]:
    def complete(begun: str, number: int) -> str | None:
        fitting = completions(begun, names)
        return fitting[number] if number < len(fitting) else None

    return complete


def completions(begun: str, names: list[str]) -> list[str]:
    """How a word may go on, whatever the case it was begun in; after an alias and a dot, by what
    has none.
    """
    if not begun:
        return []
    fitting = [name for name in [*_COMMANDS, *names] if name.startswith(begun.lower())]
    alias, dot, column = begun.rpartition(".")
    if fitting or not alias:
        return fitting
    return [
        f"{alias}{dot}{name}"
        for name in names
        if "." not in name and name.startswith(column.lower())
    ]
