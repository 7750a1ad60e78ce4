"""The cells of a sheet as texts, row by row.

Belongs here: what each kind of cell holds, and cells that cannot be read.
Does not belong here: the file around them (xlsx_container.py), headers and tables (xlsx_text.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal

from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.xlsx_container import Attributes, RichText, Sheet, Workbook, unescaped

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384

_MOST_LETTERS = 3

_BOOLEANS = {"1": "true", "0": "false", "true": "true", "false": "false"}
_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
# Two different numbers of Excel differ within 17 digits; who writes more means all of them.
_DIGITS_OF_A_DOUBLE = 17
_LONGEST_PLAIN = 30
# Excel keeps fifteen: with an exponent beyond, a number has lost digits, and must not hide it.
_DIGITS_OF_EXCEL = 15

_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
# Excel takes 1900 for a leap year: its day 60 never was, and those before count from a day later.
_NO_DAY = 60
_DAY = timedelta(days=1)


@dataclass
class Row:
    """A row that holds anything, by its number in the sheet: texts by column, the first being 1.

    `temporal` are the columns whose text is a date or an instant in ISO form; `faults` say what is
    wrong with cells that could not be read.
    """

    number: int
    texts: dict[int, str] = field(default_factory=dict)
    temporal: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class CellError(ValueError):
    """A cell that holds no value which can be read; says what it holds."""


def rows_of(workbook: Workbook, sheet: Sheet) -> Iterator[Row]:
    """The rows of a sheet that hold anything, in order.

    Raises UnreadableFileError when the sheet is damaged, or its rows stand out of order.
    """
    reader = _SheetReader(workbook)
    for _ in workbook.parsed(sheet.part, reader.start, reader.end, reader.add):
        yield from reader.take()


def cell_name(column: int, row: int) -> str:
    """What a spreadsheet calls a cell: `AB7` is the one in column 28 of row 7."""
    letters = ""
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return f"{letters}{row}"


class _SheetReader:
    """What the XML of a sheet says, element by element."""

    def __init__(self, workbook: Workbook) -> None:
        self._shared = workbook.shared_texts()
        self._styles = workbook.styles()
        self._epoch = _EPOCH_1904 if workbook.is_1904 else _EPOCH_1900
        self._finished: list[Row] = []
        self._is_in_sheet = False
        self._row = Row(0)
        self._column = 0
        self._cell: Attributes | None = None
        self._pieces: list[str] | None = None
        self._value: str | None = None
        self._formula: str | None = None
        self._inline: RichText | None = None

    def take(self) -> list[Row]:
        """The rows that were finished since the last time."""
        rows, self._finished = self._finished, []
        return rows

    def start(self, name: str, tag: Attributes) -> None:
        """An element begins."""
        if name == "v" or name == "f":
            self._pieces = []
        elif name == "c":
            self._cell = tag
            self._value = self._formula = self._inline = None
        elif name == "row" and self._is_in_sheet:
            self._begin_row(tag)
        elif name == "is":
            self._inline = RichText()
        elif self._inline is not None:
            self._inline.start(name)
        elif name == "sheetData":
            self._is_in_sheet = True

    def add(self, text: str) -> None:
        """Characters."""
        if self._pieces is not None:
            self._pieces.append(text)
        elif self._inline is not None:
            self._inline.add(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "v" or name == "f":
            text = "".join(self._pieces or ())
            self._pieces = None
            if name == "v":
                self._value = text
            else:
                self._formula = text
        elif name == "c":
            if self._is_in_sheet and self._cell is not None:
                self._end_cell(self._cell)
        elif name == "row" and self._is_in_sheet:
            if self._row.texts or self._row.faults:
                self._finished.append(self._row)
        elif self._inline is not None:
            self._inline.end(name)
        elif name == "sheetData":
            self._is_in_sheet = False

    def _begin_row(self, tag: Attributes) -> None:
        number = int(tag.get("r", self._row.number + 1))
        if not self._row.number < number <= MAX_ROW:
            raise UnreadableFileError(
                f"a damaged XLSX file: row {number} stands after row {self._row.number}"
            )
        self._row, self._column = Row(number), 0

    def _end_cell(self, cell: Attributes) -> None:
        column = self._column_of(cell)
        if not self._column < column <= MAX_COLUMN:
            name = cell.get("r") or cell_name(column, self._row.number)
            self._row.faults.append(f"cell {name} stands out of order")
            return
        self._column = column
        try:
            text = self._text(cell)
        except CellError as error:
            self._row.faults.append(f"cell {cell_name(column, self._row.number)} {error}")
            text = self._value or f"={self._formula or ''}"
        if text:
            self._row.texts[column] = text

    def _column_of(self, cell: Attributes) -> int:
        if "r" not in cell:
            return self._column + 1
        letters = cell["r"].rstrip("0123456789")
        if len(letters) > _MOST_LETTERS or not (letters.isascii() and letters.isalpha()):
            return MAX_COLUMN + 1
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter.upper()) - ord("A") + 1
        return column

    def _text(self, cell: Attributes) -> str | None:
        """The text of a cell; none for an empty one."""
        kind, value = cell.get("t", "n"), self._value
        if kind == "inlineStr":
            return self._inline.take() if self._inline else None
        if self._formula is not None and not value and (kind != "str" or value is None):
            raise CellError(
                "holds a formula without a stored value: open the file in a spreadsheet program "
                "and save it"
            )
        if not value:
            return None
        match kind:
            case "n":
                return self._number(value, int(cell.get("s", 0)))
            case "s":
                return self._shared_text(value)
            case "str":
                return unescaped(value)
            case "e":
                return value
            case "b" if value in _BOOLEANS:
                return _BOOLEANS[value]
            case "d":
                return self._moment_text(_iso_moment(value))
            case _:
                raise CellError(f"holds `{value}`, which is nothing of the kind `{kind}`")

    def _shared_text(self, number: str) -> str:
        if not (number.isdecimal() and int(number) < len(self._shared)):
            raise CellError(f"names the text {number}, which the file does not hold")
        return self._shared[int(number)]

    def _number(self, value: str, style: int) -> str:
        text = number_text(value)
        if style in self._styles.durations:
            return _duration_text(float(value))
        if style not in self._styles.dates:
            return text
        try:
            moment = _moment(float(value), self._epoch)
        except OverflowError:
            return text
        return text if moment is None else self._moment_text(moment)

    def _moment_text(self, moment: datetime | time) -> str:
        """Midnight is a day: Excel has no other way of writing one."""
        if isinstance(moment, datetime):
            self._row.temporal.append(self._column)
            if moment.time() == time():
                return moment.date().isoformat()
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def number_text(value: str) -> str:
    """A number with no more digits than tell it from others: 12.0 is `12`. Raises CellError."""
    if _INTEGER.fullmatch(value):
        return value
    if not _NUMBER.fullmatch(value):
        raise CellError(f"holds `{value}`, which is no number")
    exact = Decimal(value)
    if len(exact.as_tuple().digits) <= _DIGITS_OF_A_DOUBLE:
        exact = Decimal(repr(float(value)))
    if not exact.is_finite() or abs(exact.adjusted()) > _LONGEST_PLAIN:
        return value
    if "E" in value.upper() and exact.adjusted() >= _DIGITS_OF_EXCEL:
        return str(exact)
    plain = format(exact, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _moment(days: float, epoch: datetime) -> datetime | time | None:
    """A day number as openpyxl reads it, to the millisecond; None for a day that never was."""
    day, fraction = divmod(days, 1)
    part = timedelta(milliseconds=round(fraction * 86_400_000))
    if 0 <= days < 1 and part < _DAY:
        return (_EPOCH_1900 + part).time()
    if epoch == _EPOCH_1900 and day <= _NO_DAY:
        if day == _NO_DAY:
            return None
        day += 1
    return epoch + timedelta(days=day) + part if days > 0 else None


def _duration_text(days: float) -> str:
    """Hours, minutes and seconds, as a cell shows them."""
    sign, milliseconds = "-" if days < 0 else "", round(abs(days) * 86_400_000)
    seconds, rest = divmod(milliseconds, 1000)
    text = f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:03}" if rest else text


def _iso_moment(text: str) -> datetime | time:
    try:
        return time.fromisoformat(text) if "-" not in text else datetime.fromisoformat(text)
    except ValueError:
        raise CellError(f"holds `{text}`, which is no date") from None
