"""Databases and files without some texts: published versions, Dagster's storage, results, logs.

Belongs here: writing such a file anew without what must be gone, so that neither its rows nor its
free pages hold it, and putting it in the place of the old one. Does not belong here: bronze and
quarantine, whose rows are known by contract (rewriting.py).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from orchestration.durable import replace_durably, replacing
from orchestration.privacy.forgotten import MARK

_STORAGE = "v1.4.0"
# What SQLite writes beside a database that is open, or was when its process died.
_JOURNAL = re.compile(r"-(?:wal|shm|journal)$")
_KEYS = re.compile(r"(?:_key|_id)$")
# What stands for personal columns, in tables whose rows are persons.
_MASKS = re.compile(r"_(?:hash|domain|last_digits)$")
_PERSONS = ("lead_id", "contact_id")


class Gone:
    """What must be gone: texts wherever they stand, and the masks of some persons' records.

    `records` are pairs of source and id.
    """

    def __init__(self, texts: Iterable[str], records: Iterable[tuple[str, str]]) -> None:
        self.texts = sorted({text for text in texts if text}, key=len, reverse=True)
        self.records = sorted(set(records))
        self._pattern = re.compile("|".join(map(re.escape, self.texts)) or r"(?!)", re.IGNORECASE)

    def cleaned(self, text: str | None) -> str | None:
        """A text without the texts."""
        return None if text is None else self._pattern.sub(MARK, text)


@dataclass(frozen=True)
class _Change:
    """One update of a version: `set` and `where` of it, with values, and how many rows it is."""

    table: str
    set: str
    where: str
    values: list[object]
    count: int


def rewrite_file(path: Path, gone: Gone) -> int:
    """Write a file anew without what must be gone; return how many rows or places were changed."""
    match path.suffix:
        case ".duckdb":
            return rewrite_version(path, gone)
        case ".parquet":
            return _rewrite_table(path, gone)
    journal = _JOURNAL.search(path.name)
    if journal is not None:
        # Bytes of it changed by themselves would make SQLite throw away all that it holds.
        return _rewrite_sqlite(path.with_name(path.name[: journal.start()]), gone)
    with path.open("rb") as file:
        is_sqlite = file.read(15) == b"SQLite format 3"
    return _rewrite_sqlite(path, gone) if is_sqlite else _rewrite_bytes(path, gone)


def count_in_version(path: Path, gone: Gone) -> int:
    """How many rows of tables `rewrite_version` would change."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(str(path))}' as old (read_only)")
        return sum(change.count for change in _changes(connection, gone))


def rewrite_version(path: Path, gone: Gone) -> int:
    """A published version of the same name without what must be gone; rows and keys stay.

    Masks become NULL, as they do when a version is built from bronze. Readers with the old file
    open go on reading it; the next to open the version gets the new one. DuckDB leaves the bytes of
    changed rows in its file, so the tables are copied once more into a new one.
    """
    changed = path.with_name(f".{path.name}.changed")
    fresh = path.with_name(f".{path.name}.fresh")
    for leftover in (changed, fresh):
        leftover.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_quoted(str(path))}' as old (read_only)")
        found = list(_changes(connection, gone))
        if not found:
            return 0
        for name, file in (("changed", changed), ("fresh", fresh)):
            attached = f"attach '{_quoted(str(file))}' as {name} (storage_version '{_STORAGE}')"
            connection.execute(attached)
        connection.execute("copy from database old to changed")
        for change in found:
            connection.execute(
                f"update changed.{change.table} set {change.set} where {change.where}",
                change.values,
            )
        connection.execute("copy from database changed to fresh")
        for statement in _comments(connection):
            connection.execute(statement)
        connection.execute("checkpoint fresh")
    changed.unlink()
    fresh.chmod(path.stat().st_mode)
    replace_durably(fresh, path)
    return sum(change.count for change in found)


def _changes(connection: duckdb.DuckDBPyConnection, gone: Gone) -> Iterator[_Change]:
    """The updates that a version needs; keys are left alone."""
    columns: dict[str, list[str]] = {}
    for schema, table, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where data_type = 'VARCHAR' and not internal and database_name = 'old' order by all"
    ).fetchall():
        columns.setdefault(f'"{schema}"."{table}"', []).append(column)
    for table, names in columns.items():
        for change in [*_of_texts(table, names, gone), *_of_records(table, names, gone)]:
            row = connection.execute(
                f"select count(*) from old.{table} where {change.where}",
                # The values of `set` come first.
                change.values[change.set.count("?") :],
            ).fetchone()
            if row is not None and row[0]:
                yield replace(change, count=row[0])


def _of_texts(table: str, names: list[str], gone: Gone) -> Iterator[_Change]:
    if not gone.texts:
        return
    pattern = "|".join(map(re.escape, gone.texts))
    for name in names:
        if not _KEYS.search(name):
            test = " or ".join(f'contains(lower("{name}"), ?)' for _ in gone.texts)
            blank = f""""{name}" = regexp_replace("{name}", ?, '{MARK}', 'gi')"""
            yield _Change(table, blank, test, [pattern, *(text.lower() for text in gone.texts)], 0)


def _of_records(table: str, names: list[str], gone: Gone) -> Iterator[_Change]:
    masks = [name for name in names if _MASKS.search(name)]
    keys = [name for name in _PERSONS if name in names]
    if not masks or not keys or "source_system" not in names:
        return
    is_known = " or ".join(f'"{name}" is not null' for name in masks)
    pairs = [f"{source}:{id_}" for source, id_ in gone.records]
    yield _Change(
        table,
        ", ".join(f'"{name}" = null' for name in masks),
        f"""source_system || ':' || "{keys[0]}" in (select unnest(?)) and ({is_known})""",
        [pairs],
        0,
    )


def _comments(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What a copy of a database leaves behind: comments on tables and columns."""
    tables = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = 'old' and comment is not null"
    ).fetchall()
    columns = connection.execute(
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'old' and comment is not null and not internal"
    ).fetchall()
    return [
        f"""comment on table fresh."{schema}"."{table}" is '{_quoted(said)}'"""
        for schema, table, said in tables
    ] + [
        f"""comment on column fresh."{schema}"."{table}"."{column}" is '{_quoted(said)}'"""
        for schema, table, column, said in columns
    ]


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _rewrite_table(path: Path, gone: Gone) -> int:
    rows = pl.read_parquet(path, glob=False)
    texts = [name for name, type_ in rows.schema.items() if type_ == pl.String]
    clean = rows.with_columns(
        pl.col(name).map_elements(gone.cleaned, return_dtype=pl.String) for name in texts
    )
    differs = pl.any_horizontal([rows[name].ne_missing(clean[name]) for name in texts])
    with replacing(path) as temporary:
        clean.write_parquet(temporary)
    return int(pl.select(differs.sum()).item())


def _rewrite_sqlite(path: Path, gone: Gone) -> int:
    """Dagster may have the file open, so it is changed in place, and its free pages are cleared."""
    changed = 0
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.create_function("cleaned", 1, gone.cleaned, deterministic=True)
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in tables.fetchall():
            for _, column, *_ in connection.execute(f'pragma table_info("{table}")').fetchall():
                changed += connection.execute(
                    f'update "{table}" set "{column}" = cleaned("{column}") '
                    f"""where typeof("{column}") = 'text' and cleaned("{column}") <> "{column}" """
                ).rowcount
        connection.commit()
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")
    return changed


def _rewrite_bytes(path: Path, gone: Gone) -> int:
    data, changed = path.read_bytes(), 0
    for text in gone.texts:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            found = re.compile(re.escape(text.encode(encoding)), re.IGNORECASE)
            data, count = found.subn(MARK.encode(encoding), data)
            changed += count
    with replacing(path) as temporary:
        temporary.write_bytes(data)
        temporary.chmod(path.stat().st_mode)
    return changed
