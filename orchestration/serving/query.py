"""Statements on a published file, and their answers.

Belongs here: what a statement is, an answer as a table of text, and as a file. Does not belong
here: where statements come from (commands/sql.py, shell.py).
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from orchestration.outputs import standard_output, written_to
from orchestration.publication.opening import open_version, speaks_of_damage

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

Format = Literal["table", "csv", "json", "parquet"]
_WRITTEN_AS = {
    "csv": "format csv, header true",
    "json": "format json, array true",
    "parquet": "format parquet, compression zstd",
}
_FLOATING = ("DOUBLE", "FLOAT")
# Where a table is looked for that is named without its schema.
SCHEMAS = ("marts", "ops")
_NO_TABLE = re.compile(r"Table with name (?P<name>\S+) does not exist!(?:\nDid you mean .*)?")
_MOST_NEAR = 3
_MOMENT_SECONDS = 0.1


class QueryError(Exception):
    """A statement that cannot be answered as asked; the text says why."""


@dataclass(frozen=True)
class Statement:
    """One statement. Only the rows of a `select` can be written to a file."""

    text: str
    is_select: bool
    is_explanation: bool


def statements_in(text: str) -> list[Statement]:
    """The statements of a text, in their order.

    Raises QueryError where the text is no SQL.
    """
    kinds = duckdb.StatementType
    try:
        found = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise QueryError(str(error)) from None
    return [
        Statement(
            text=_without_end(statement.query),
            is_select=statement.type == kinds.SELECT,
            is_explanation=statement.type == kinds.EXPLAIN,
        )
        for statement in found
    ]


def is_complete(text: str) -> bool:
    """Whether the last thing in a text, comments apart, is a semicolon."""
    return _end(text) is not None


def _without_end(text: str) -> str:
    """A statement without its semicolon, and without the comments after that."""
    end = _end(text)
    return text if end is None else text.encode()[:end].decode()


def _end(text: str) -> int | None:
    """Where the semicolon stands that ends a text, in bytes."""
    tokens = [
        (place, kind) for place, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment
    ]
    if not tokens:
        return None
    place, kind = tokens[-1]
    is_end = kind == duckdb.token_type.operator and text.encode()[place : place + 1] == b";"
    return place if is_end else None


def show(
    connection: duckdb.DuckDBPyConnection, statement: Statement, rows: int, width: int
) -> str | None:
    """Print an answer as a table of at most `rows` rows, 0 for all; return what it leaves out.

    Raises QueryError with what DuckDB says; damage of the version is left to open_version.
    """

    def ask() -> str | None:
        relation = connection.sql(statement.text)
        if relation is None:
            return None
        if statement.is_explanation:
            print("\n".join(text for _, text in relation.fetchall()))
            return None
        return _show(relation, rows, width)

    return _asked(connection, ask)


def _show(relation: DuckDBPyRelation, rows: int, width: int) -> str | None:
    if not rows:
        answer = relation.materialize()
        answer.show(max_rows=max(1, len(answer)), max_width=width)
        return None
    # One more than is shown tells whether there are more, and the statement runs once.
    answer = relation.limit(rows + 1).materialize()
    if len(answer) <= rows:
        answer.show(max_rows=rows, max_width=width)
        return None
    answer.limit(rows).show(max_rows=rows, max_width=width)
    return f"the first {rows:,} rows are shown, and there are more"


def write(path: Path, query: str, written_as: Format, output: Path | None) -> None:
    """Write the rows of one `select` to a file, or to standard output.

    The file is there when it is whole. Raises QueryError and OutputError.
    """
    statements = statements_in(query)
    if len(statements) != 1 or not statements[0].is_select:
        raise QueryError(f"only the rows of one select can be written as {written_as}")
    if output is None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder).resolve() / f"answer.{written_as}"
            _copy(path, statements[0], written_as, whole)
            with whole.open("rb") as file, standard_output():
                shutil.copyfileobj(file, sys.stdout.buffer)
        return
    with written_to(output) as file_to_write:
        _copy(path, statements[0], written_as, file_to_write)


def _copy(path: Path, statement: Statement, written_as: str, target: Path) -> None:
    quoted = "'" + str(target).replace("'", "''") + "'"

    def ask() -> None:
        text = statement.text
        if written_as == "json":
            text = _with_null_for_what_json_lacks(connection, text)
        # On lines of its own, for a comment at its end.
        connection.execute(
            f"copy (\n{text}\n) to {quoted} ({_WRITTEN_AS[written_as]}, use_tmp_file false)"
        )

    with open_version(path, writes_to=target, schemas=SCHEMAS) as connection:
        _asked(connection, ask)


def _with_null_for_what_json_lacks(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """JSON has no word for NaN and for infinity; one in a file makes all of it unreadable."""
    answer = connection.sql(text)
    places = [f"c{place}" for place in range(len(answer.columns))]
    values = ", ".join(
        (f"if(isfinite({place}), {place}, null)" if str(kind) in _FLOATING else place)
        + f' as "{name.replace(chr(34), 2 * chr(34))}"'
        for place, name, kind in zip(places, answer.columns, answer.types, strict=True)
    )
    return f"select {values} from (\n{text}\n) as answer ({', '.join(places)})"


def _asked(connection: duckdb.DuckDBPyConnection, ask: Callable[[], str | None]) -> str | None:
    """What is asked, on a thread of its own, so that Ctrl-C stops it.

    On the first thread DuckDB may hear nothing until it is done. Raises QueryError with what DuckDB
    says; damage of the version is left to open_version.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        answer = thread.submit(ask)
        try:
            # In short waits, for polars has signals that wake nobody who waits.
            while not answer.done():
                wait([answer], timeout=_MOMENT_SECONDS)
            return answer.result()
        except duckdb.Error as error:
            if speaks_of_damage(error):
                raise
            raise QueryError(_told(connection, error)) from None
        except KeyboardInterrupt:
            # More than once, for a statement that has not begun has nothing to stop.
            while not answer.done():
                connection.interrupt()
                wait([answer], timeout=_MOMENT_SECONDS)
            raise


def _told(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> str:
    """What DuckDB says; of a table that is not there, with those that may be meant.

    Its own guess is by letters alone, and among all the tables that models build upon.
    """
    missing = _NO_TABLE.search(str(error))
    if missing is None:
        return str(error)
    near = near_tables(missing["name"], table_names(connection))
    guess = f"\nDid you mean {' or '.join(near)}?" if near else ""
    return str(error).replace(
        missing[0],
        f"Table with name {missing['name']} does not exist!{guess}\n"
        f"`.tables` in the shell of `flywheel sql` lists all.",
    )


def table_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables and views that people ask, with their schemas."""
    found = connection.execute(
        """
        select schema_name || '.' || table_name from duckdb_tables()
        where schema_name in (select unnest(?))
        union all
        select schema_name || '.' || view_name from duckdb_views()
        where schema_name in (select unnest(?))
        order by 1
        """,
        [list(SCHEMAS), list(SCHEMAS)],
    ).fetchall()
    return [name for (name,) in found]


def near_tables(name: str, tables: list[str]) -> list[str]:
    """Tables that a name may mean: those that hold its words, the shortest first, else those that
    are written much the same.
    """
    word = name.rpartition(".")[2].strip('"').lower()
    # opportunity, opportunities.
    stem = word.removesuffix("s").removesuffix("ie").removesuffix("y")
    holding = sorted((each for each in tables if len(stem) > 2 and stem in each), key=len)
    if holding:
        return holding[:_MOST_NEAR]
    by_name = {each.rpartition(".")[2]: each for each in tables}
    return [by_name[each] for each in get_close_matches(word, by_name, _MOST_NEAR)]
