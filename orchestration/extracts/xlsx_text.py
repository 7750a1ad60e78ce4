"""A sheet of an XLSX file as a table of text.

Belongs here: which sheet, its header and footer, and rows that do not fit under the header.
Does not belong here: what a cell holds (xlsx_cells.py), the file (xlsx_container.py), types and
rules (bronze/).

Row numbers are those of the sheet.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import polars as pl

from orchestration.extracts.parts import MAX_MALFORMED, Parts, refuse_many_columns
from orchestration.extracts.table import ROW_NUMBER, Malformed, TextTable, UnreadableFileError
from orchestration.extracts.xlsx_cells import Row, cell_name, rows_of
from orchestration.extracts.xlsx_container import Sheet, Workbook, opened_workbook
from orchestration.sources.file_options import FileOptions

_BATCH_ROWS = 1_000
# The one column of rows that are none, whose cells stand in no column.
_CELLS = "cells"


def open_xlsx(path: Path, options: FileOptions, scratch: Path) -> TextTable:
    """Open one sheet of an XLSX file.

    Formulas count for the values stored with them. `scratch` is a folder for copies that the
    caller throws away. Raises UnreadableFileError when the file as a whole cannot be read.
    """
    with opened_workbook(path) as workbook:
        sheet = _chosen(workbook, options.sheet)
        rows = rows_of(workbook, sheet)
        header = _read_header(rows, options.header_row, sheet)
        table = _Table(header, scratch)
        for row in _without_footer(rows, options.skip_footer):
            table.add(row)
        table.end()
    return TextTable(
        header=header,
        record_count=table.record_count,
        malformed=tuple(table.malformed),
        records=table.records(),
        raw_texts=table.raw_texts,
        typed=frozenset(header[column - 1] for column in table.temporal),
    )


def _chosen(workbook: Workbook, name: str | None) -> Sheet:
    """The sheet of that name, in any case, or the first visible one."""
    sheets = workbook.sheets()
    fitting = [
        sheet
        for sheet in sheets
        if (sheet.is_visible if name is None else sheet.name.casefold() == name.casefold())
    ]
    if fitting:
        return fitting[0]
    names = ", ".join(f"`{sheet.name}`" for sheet in sheets) or "none"
    wanted = "no visible sheet of cells" if name is None else f"no sheet `{name}`"
    raise UnreadableFileError(f"{wanted}: there are {names}; name one as `sheet`")


def _read_header(rows: Iterator[Row], number: int, sheet: Sheet) -> tuple[str, ...]:
    row = next((row for row in rows if row.number >= number), None)
    if row is None or row.number > number or not "".join(row.texts.values()).strip():
        raise UnreadableFileError(
            f"row {number} of sheet `{sheet.name}` is empty: say in which row the column names "
            f"stand as `header_row`, or name another `sheet`"
        )
    if row.faults:
        raise UnreadableFileError(f"the header cannot be read: {row.faults[0]}")
    names = {column: text.strip() for column, text in row.texts.items() if text.strip()}
    width = max(names, default=0)
    refuse_many_columns(width)
    twice = sorted(name for name, count in Counter(names.values()).items() if count > 1)
    if twice:
        raise UnreadableFileError(f"the header names {', '.join(twice)} more than once: rename one")
    if ROW_NUMBER in names.values():
        raise UnreadableFileError(
            f"the header names `{ROW_NUMBER}`, a name that bronze needs itself: rename it"
        )
    taken = set(names.values())
    return tuple(names.get(column) or _stand_in(column, taken) for column in range(1, width + 1))


def _stand_in(column: int, taken: set[str]) -> str:
    """A name for a column without one, that no other column bears."""
    name = f"column_{column}"
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _without_footer(rows: Iterator[Row], length: int) -> Iterator[Row]:
    """Without those among the last `length` rows of the sheet, empty ones included."""
    held: deque[Row] = deque()
    for row in rows:
        held.append(row)
        while held and held[0].number <= row.number - length:
            yield held.popleft()


class _Table:
    """Rows under a header, as they come."""

    def __init__(self, header: tuple[str, ...], scratch: Path) -> None:
        self.record_count = 0
        self.malformed: list[Malformed] = []
        self.temporal: set[int] = set()
        self._header = header
        self._width = len(header)
        self._parts, self._aside = Parts(scratch, header), Parts(scratch, [_CELLS])
        self._begin_batch()

    def add(self, row: Row) -> None:
        """Add a row, or set it aside if it is none of this table."""
        self.record_count += 1
        faults = list(row.faults)
        last = max(row.texts, default=0)
        if last > self._width:
            faults.append(
                f"cell {cell_name(last, row.number)} holds a value beyond the header's last column"
            )
        if faults:
            self._set_aside(row, faults[0])
        else:
            self._rows.append([row.texts.get(column) for column in range(1, self._width + 1)])
            self._numbers.append(row.number)
            self.temporal.update(row.temporal)
        if len(self._rows) >= _BATCH_ROWS:
            self.end()

    def end(self) -> None:
        """Write down the rows so far."""
        if self._rows:
            columns = zip(self._header, zip(*self._rows, strict=True), strict=True)
            texts = {name: pl.Series(values, dtype=pl.String) for name, values in columns}
            self._parts.add(pl.DataFrame(texts | {ROW_NUMBER: self._numbers}))
        self._begin_batch()

    def records(self) -> pl.LazyFrame:
        """All rows of the table."""
        return self._parts.records()

    def raw_texts(self, row_numbers: Iterable[int]) -> dict[int, str]:
        """Rows as flat JSON objects; rows that are none of the table as JSON lists of cells."""
        wanted = set(row_numbers)
        aside = self._aside.records().collect()
        cells = {number: text for text, number in aside.iter_rows() if number in wanted}
        return self._parts.texts(wanted) | cells

    def _set_aside(self, row: Row, reason: str) -> None:
        self.malformed.append(Malformed(row.number, reason))
        if len(self.malformed) > MAX_MALFORMED:
            first = self.malformed[0]
            raise UnreadableFileError(
                f"more than {MAX_MALFORMED:,} rows are malformed, the first of them row "
                f"{first.row_number} ({first.reason})"
            )
        cells = [(cell_name(column, row.number), text) for column, text in row.texts.items()]
        written = {_CELLS: [orjson.dumps(cells).decode()], ROW_NUMBER: [row.number]}
        self._aside.add(pl.DataFrame(written))

    def _begin_batch(self) -> None:
        self._rows: list[list[str | None]] = []
        self._numbers: list[int] = []
