"""How the rows of a load differ from those of the nights before, in numbers.

Belongs here: rows newer than all before, and, of full extracts, records that changed, column by
column. Does not belong here: what a load holds by itself, and keeping the counts (profile.py), how
much of it is usual (dbt_project/models/ops/night_deviation.sql), records that are gone
(night_before.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.bronze.paths import accepted_path
from orchestration.bronze.watched import watched_columns
from orchestration.extracts.ledger import Load
from orchestration.settings import Settings
from orchestration.sources.contract import Contract

if TYPE_CHECKING:
    import duckdb

# Nights before within which the newest instant so far is looked for: a week and a holiday.
_NIGHTS_BEFORE = 8

# Topic, column, label and how many rows.
Count = tuple[str, str, str, int]


def differences(
    connection: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    load: Load,
    contract: Contract,
    loads: Iterable[Load],
    settings: Settings,
) -> Iterator[Count]:
    """Counts of the topics `newer` and `changes`; `rows` are those of the load, `loads` all that
    stand in bronze.
    """
    before = _nights_before(load, loads)
    # A full extract holds what those before it held.
    nights = before[:1] if load.extract == "full" else before
    files = [accepted_path(settings, each) for night in nights for each in night]
    paths = [path_in_sql(path) for path in files if path.exists()]
    if not paths:
        return
    known = connection.read_parquet(paths, union_by_name=True)
    yield from _newer(rows, known, load, contract)
    if load.extract == "full":
        yield from _changes(connection, rows, known, contract)


def _nights_before(load: Load, loads: Iterable[Load]) -> list[list[Load]]:
    """What the newest nights before brought of the object, a list a night, newest first."""
    nights: dict[date, list[Load]] = {}
    for each in loads:
        if each.name == load.name and each.batch_date < load.batch_date:
            nights.setdefault(each.batch_date, []).append(each)
    return [nights[night] for night in sorted(nights, reverse=True)[:_NIGHTS_BEFORE]]


def _newer(
    rows: duckdb.DuckDBPyRelation,
    known: duckdb.DuckDBPyRelation,
    load: Load,
    contract: Contract,
) -> Iterator[Count]:
    """Rows that were changed after all that the nights before brought, and those that were not."""
    # What is dated into the future would make everything old for ever.
    end = f"date '{load.batch_date}' + 2"
    for watched in watched_columns(contract):
        is_told = watched.column in rows.columns and watched.column in known.columns
        if watched.topic != "newest" or not is_told:
            continue
        column = f'"{watched.column}"'
        ((newest,),) = known.filter(f"{column} < {end}").aggregate(f"max({column})").fetchall()
        if newest is None:
            continue
        newer = f"count(*) filter ({column} > timestamp '{newest}' and {column} < {end})"
        ((count, total),) = rows.aggregate(f"{newer}, count(*)").fetchall()
        yield "newer", watched.column, "newer", count
        yield "newer", watched.column, "known", total - count


def _changes(
    connection: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    known: duckdb.DuckDBPyRelation,
    contract: Contract,
) -> Iterator[Count]:
    """Of the records that the night before had, by column, how many have another value now."""
    # A column whose type was changed is compared from the next night on.
    types = dict(zip(known.columns, known.types, strict=True))
    there = {
        name for name, kind in zip(rows.columns, rows.types, strict=True) if types.get(name) == kind
    }
    names = [
        column.name
        for column in contract.columns
        if column.name in there and column.name not in contract.key
    ]
    if not names or not there.issuperset(contract.key):
        return
    rows.create_view("tonight", replace=True)
    known.create_view("known", replace=True)
    key = ", ".join(f'"{name}"' for name in contract.key)
    changed = ", ".join(
        f'count(*) filter (tonight."{name}" is distinct from newest."{name}")' for name in names
    )
    # A corrected file counts, and not the one that it took the place of. By a window, which takes a
    # third of the time and of the memory of `distinct on`.
    query = f"""
        with newest as (
            select * from known
            qualify _load_number = max(_load_number) over (partition by {key})
        )
        select count(*), {changed} from tonight inner join newest using ({key})
    """
    ((total, *counts),) = connection.execute(query).fetchall()
    for name, count in zip(names, counts, strict=True):
        yield "changes", name, "changed", count
        yield "changes", name, "same", total - count


def path_in_sql(path: Path) -> str:
    """A path as DuckDB reads it, to which brackets are a choice of characters."""
    return str(path).replace("[", "[[]")
