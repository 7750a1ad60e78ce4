"""Rows on their way from a reader to the loader: text columns in Parquet parts, batch by batch.

Belongs here: writing batches whose columns differ, scanning them as one table, and rows as JSON
texts. Does not belong here: formats (json_text.py, xlsx_text.py), types (bronze/).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import orjson
import polars as pl

from orchestration.extracts.table import ROW_NUMBER, UnreadableFileError, no_records

MAX_COLUMNS = 5_000
# Each of them is kept in memory; so many are not single rows gone wrong.
MAX_MALFORMED = 1_000_000

_PART_ROWS, _PART_CELLS = 20_000, 2_000_000


class Parts:
    """Batches of rows in Parquet files, in a folder of their own within `scratch`.

    `columns` are those that there are whatever the batches hold.
    """

    def __init__(self, scratch: Path, columns: Iterable[str] = ()) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="parts-", dir=scratch))
        self._paths: list[Path] = []
        self._columns = dict.fromkeys(columns)
        self._pending: list[pl.DataFrame] = []
        self._pending_rows = 0

    @property
    def header(self) -> tuple[str, ...]:
        """All columns so far, in the order in which they came up."""
        return tuple(self._columns)

    def add(self, batch: pl.DataFrame) -> None:
        """Add a batch: String columns, whichever it has, and `_row_number`.

        Raises UnreadableFileError when there are more than MAX_COLUMNS.
        """
        self._columns |= dict.fromkeys(name for name in batch.columns if name != ROW_NUMBER)
        refuse_many_columns(len(self._columns))
        self._pending.append(batch)
        self._pending_rows += batch.height
        is_large = self._pending_rows * len(self._columns) >= _PART_CELLS
        if is_large or self._pending_rows >= _PART_ROWS:
            self._write()

    def _write(self) -> None:
        path = self._folder / f"{len(self._paths)}.parquet"
        rows = pl.concat(self._pending, how="diagonal")
        rows.write_parquet(path, compression="lz4", statistics=False)
        self._paths.append(path)
        self._pending, self._pending_rows = [], 0

    def records(self) -> pl.LazyFrame:
        """All rows in the order in which they came; a column that a batch lacks is NULL in it."""
        if self._pending:
            self._write()
        if not self._paths:
            return no_records(self.header)
        schema = dict.fromkeys(self.header, pl.String()) | {ROW_NUMBER: pl.Int64()}
        rows = pl.scan_parquet(
            self._paths,
            schema=schema,
            missing_columns="insert",
            glob=False,
            hive_partitioning=False,
            use_statistics=False,
        )
        return rows.with_columns(empty_as_null())

    def texts(self, row_numbers: Iterable[int]) -> dict[int, str]:
        """Rows as JSON texts, by row number."""
        return json_texts(self.records(), row_numbers)


def empty_as_null() -> pl.Expr:
    """All text columns, an empty text being no value."""
    # By type and not by name: a column may be called `*`.
    texts = pl.col(pl.String)
    return pl.when(texts != "").then(texts).name.keep()


def json_texts(records: pl.LazyFrame, row_numbers: Iterable[int]) -> dict[int, str]:
    """Rows as flat JSON objects of texts without their NULLs, by row number.

    Read again as JSON Lines, such texts give the same columns.
    """
    wanted = pl.Series(sorted(set(row_numbers)), dtype=pl.Int64)
    if wanted.is_empty():
        return {}
    rows = records.filter(pl.col(ROW_NUMBER).is_in(wanted.implode())).collect(engine="streaming")
    return {
        row.pop(ROW_NUMBER): orjson.dumps(
            {name: text for name, text in row.items() if text is not None}
        ).decode()
        for row in rows.iter_rows(named=True)
    }


def refuse_many_columns(count: int) -> None:
    """Raise UnreadableFileError when a file has more columns than a table can have."""
    if count > MAX_COLUMNS:
        raise UnreadableFileError(
            f"more than {MAX_COLUMNS:,} columns: is a list of records written as an object with "
            f"their ids for names?"
        )
