"""What every reader gives: a file as a table of text, and what of it is no row.

Belongs here: the shape that readers of all formats share.
Does not belong here: the formats themselves (csv_text.py, json_text.py, …), types (bronze/).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

ROW_NUMBER = "_row_number"


class UnreadableFileError(Exception):
    """A file that cannot be read as what it should be; the text says where and what to do."""


class NotUtf8Error(UnreadableFileError):
    """A file that is not in the encoding it was read in; another one may fit."""


@dataclass(frozen=True)
class Malformed:
    """A record that cannot be a row of the table, by its number, and why: in plain words, or
    by a rule that has them (bronze/rules.py).
    """

    row_number: int
    reason: str


@dataclass(frozen=True)
class TextTable:
    """A file ready to be read.

    `records` holds one String column per name of `header` plus `_row_number` (Int64), in the
    order of the file; an empty field is NULL; malformed records are left out. `record_count`
    counts all records, malformed ones included, and comes from another pass than `records`.
    `typed` names the columns whose text was written from a typed value of the file, in ISO form;
    `zones` the time zone that those of them have which are written in UTC.
    `raw_texts` gives the raw text of records by row number; `raw_header` is what must stand above
    such texts to make them a file again (CSV), or NULL where each stands for itself (JSON).
    `may_hold_nul` says that nobody has looked for NUL characters in the texts yet.
    `empty` names columns of documents that are null in every row, where an object could stand.
    """

    header: tuple[str, ...]
    record_count: int
    malformed: tuple[Malformed, ...]
    records: pl.LazyFrame
    raw_texts: Callable[[Iterable[int]], dict[int, str]]
    raw_header: str | None = None
    typed: frozenset[str] = frozenset()
    zones: Mapping[str, str] = field(default_factory=dict)
    may_hold_nul: bool = False
    empty: frozenset[str] = frozenset()


def free_name(name: str, taken: Collection[str]) -> str:
    """A name for a column that has none, which no other column bears."""
    while name in taken:
        name += "_"
    return name


def column_around(name: str, empty: Iterable[str]) -> str | None:
    """Which of some empty columns stands for a nested field: `a` for `a.b`, in any case."""
    columns = {column.casefold(): column for column in empty}
    around = name.casefold()
    while "." in around:
        around = around.rpartition(".")[0]
        if around in columns:
            return columns[around]
    return None


def no_records(header: Iterable[str]) -> pl.LazyFrame:
    """`records` of a table without a row."""
    return pl.LazyFrame(schema=dict.fromkeys(header, pl.String()) | {ROW_NUMBER: pl.Int64()})
