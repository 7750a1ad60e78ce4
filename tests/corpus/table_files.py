"""Parquet and XLSX files: damaged, misnamed, bombs, and values that no other program would write.

Belongs here: binary tables. Does not belong here: all types of Parquet and kinds of cells (tests
of these readers).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from tests.corpus.case import Case
from tests.corpus.packed_files import packed

_HEAD = ["id", "state", "value"]
_ONE = ["d1", "Open", 1]
_READ = [("d1", "Open", 1)]


def _parquet(columns: dict[str, Any], **options: Any) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_parquet(file, **options)
    return file.getvalue()


def _xlsx(*rows: list[Any]) -> bytes:
    """A workbook as openpyxl writes it; a text that begins with `=` becomes a formula."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def _with_part(book: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return packed(*(parts | {part: change(parts[part])}).items())


def _sheet(title: str, rows: str, **case: Any) -> Case:
    """A workbook whose rows are XML under a header of `id`, `state` and `value`."""
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in _HEAD)

    def change(_: bytes) -> bytes:
        return (
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f'<sheetData><row r="1">{header}</row>{rows}</sheetData></worksheet>'
        ).encode()

    book = _with_part(_xlsx(_HEAD), "xl/worksheets/sheet1.xml", change)
    return Case(title, book, file="deals.xlsx", **case)


def _text(value: str, place: str = "") -> str:
    at = f' r="{place}"' if place else ""
    return f'<c t="inlineStr"{at}><is><t>{value}</t></is></c>'


_ROW = f'<row r="2">{_text("d1")}{_text("Open")}<c><v>1</v></c></row>'
_PARQUET = _parquet({"id": ["d1"], "state": ["Open"], "value": [1]})
_XLSX = _xlsx(_HEAD, _ONE)


def _file(title: str, content: bytes | Callable[[Path], bytes], **case: Any) -> Case:
    return Case(title, content, **({"file": "deals.parquet"} | case))


CASES = [
    # Parquet -------------------------------------------------------------------------------------
    _file("Parquet", _PARQUET, accepted=_READ),
    _file("Parquet without rows", _parquet({name: [] for name in _HEAD}), accepted=[]),
    _file("Parquet that was cut off", _PARQUET[:-20], error="no whole Parquet file"),
    _file(
        "Parquet with a damaged page",
        _PARQUET[:5] + b"\xff" * 20 + _PARQUET[25:],
        error="no whole Parquet file",
    ),
    _file(
        "Parquet with a damaged footer",
        _PARQUET[:-60] + b"\xff" * 40 + _PARQUET[-20:],
        error="no whole Parquet file",
    ),
    _file("an empty Parquet file", b"", error="no whole Parquet file"),
    _file(
        "CSV that is called Parquet", b"id,state,value\nd1,Open,1\n", error="no whole Parquet file"
    ),
    _file("Parquet in gzip", packed(("deals.parquet", _PARQUET)), file="x.zip", accepted=_READ),
    _file(
        "Parquet of typed columns",
        _parquet(
            {
                "id": [7],
                "state": ["Open"],
                "value": [Decimal("1.50")],
                "close": [date(2025, 9, 28)],
                "created": [datetime(2025, 9, 28, 10)],
                "chance": [0.1],
                "gone": [True],
            }
        ),
        columns=(
            "opportunity_id",
            "amount",
            "close_date",
            "created_at",
            "probability",
            "is_deleted",
        ),
        accepted=[("7", Decimal("1.50"), date(2025, 9, 28), datetime(2025, 9, 28, 10), 0.1, True)],
    ),
    _file(
        "Parquet of nested columns",
        _parquet({"id": ["d1"], "state": ["Open"], "a": [[1, 2]], "b": [{"x": [None, "é"]}]}),
        columns=("opportunity_id", "extra__a", "extra__b"),
        accepted=[("d1", "[1,2]", '{"x":[null,"é"]}')],
    ),
    _file(
        "Parquet of numbers that are none",
        _parquet(
            {
                "id": ["d1", "d2", "d3"],
                "state": ["Open"] * 3,
                "value": [float("nan"), float("inf"), 1e300],
            }
        ),
        refused={1: "type", 2: "type", 3: "type"},
    ),
    _file(
        "Parquet of numbers with the noise of doubles",
        _parquet({"id": ["d1", "d2"], "state": ["Open"] * 2, "value": [0.1 + 0.2, 0.12345678]}),
        accepted=[("d1", "Open", Decimal("0.3"))],
        refused={2: "precision"},
    ),
    _file(
        "Parquet whose ids became floats",
        _parquet({"id": [12345678901.0, 1.2345678901234568e18], "state": ["Open"] * 2}),
        columns=("opportunity_id",),
        accepted=[("12345678901",)],
        refused={2: "rounded"},
    ),
    _file(
        "Parquet of days that nobody means",
        _parquet(
            {
                "id": ["d1", "d2"],
                "state": ["Open"] * 2,
                "close": [date(1, 1, 1), date(9999, 12, 31)],
            }
        ),
        refused={1: "range", 2: "range"},
    ),
    _file(
        "Parquet of a text with a NUL",
        _parquet({"id": ["d\0"], "state": ["Open"]}),
        refused={1: "nul"},
    ),
    _file(
        "Parquet with a column called like the row number of ours",
        _parquet({"id": ["d1"], "state": ["Open"], "_row_number": [7]}),
        error="_row_number",
    ),
    _file(
        "Parquet with odd names",
        _parquet({"id": ["d1"], "state": ["Open"], "*": ["a"], "^.*$": ["b"], "": ["c"]}),
        columns=("opportunity_id",),
        accepted=[("d1",)],
    ),
    _file("Parquet without the columns it needs", _parquet({"id": ["d1"]}), error="lacks `state`"),
    # Workbooks -----------------------------------------------------------------------------------
    _file("a workbook", _XLSX, file="deals.xlsx", accepted=_READ),
    _file("a workbook without rows", _xlsx(_HEAD), file="deals.xlsx", accepted=[]),
    _file("an empty workbook", _xlsx(), file="deals.xlsx", error="is empty"),
    _file("a workbook that was cut off", _XLSX[:-100], file="deals.xlsx", error="XLSX"),
    _file("a workbook that is called CSV", _XLSX, file="deals.csv", error="XLSX"),
    _file(
        "CSV that is called a workbook",
        b"id,state,value\nd1,Open,1\n",
        file="deals.xlsx",
        error="no XLSX file",
    ),
    _file(
        "a web page that is called a workbook",
        b"<html><table></table></html>",
        file="deals.xlsx",
        error="a web page",
    ),
    _file(
        "an old workbook that is called a new one",
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
        file="deals.xlsx",
        error="an old .xls file",
    ),
    _file(
        "a zip that is called a workbook",
        packed(("deals.csv", b"id")),
        file="deals.xlsx",
        error="holds no workbook",
    ),
    _file(
        "a workbook of typed cells",
        _xlsx(
            [*_HEAD, "close", "created", "gone"],
            [12345678901, "Open", 1234.5, date(2025, 9, 28), datetime(2025, 9, 28, 10), True],
        ),
        file="deals.xlsx",
        columns=("opportunity_id", "amount", "close_date", "created_at", "is_deleted"),
        accepted=[
            ("12345678901", Decimal("1234.5"), date(2025, 9, 28), datetime(2025, 9, 28, 10), True)
        ],
    ),
    _file(
        "a workbook with blank rows and cells beyond its header",
        _xlsx(_HEAD, _ONE, [], [None, None, None], ["d2", "Open", 2, "note"], ["d3", "Open", 3]),
        file="deals.xlsx",
        accepted=[*_READ, ("d3", "Open", 3)],
        refused={5: "cell D5 holds a value beyond the header's last column"},
    ),
    _file(
        "a workbook with formulas that nobody has computed",
        _xlsx(_HEAD, _ONE, ["d2", "Open", "=1+1"], ["=cmd|' /C calc'!A0", "Open", 3]),
        file="deals.xlsx",
        accepted=_READ,
        refused={3: "cell C3 holds a formula without a stored value", 4: "cell A4 holds a formula"},
    ),
    _file(
        "a workbook with a column named twice",
        _xlsx(["id", "state", "state"], _ONE),
        file="deals.xlsx",
        error="names state more than once",
    ),
    _file(
        "a workbook with a column called like the row number of ours",
        _xlsx([*_HEAD, "_row_number"]),
        file="deals.xlsx",
        error="_row_number",
    ),
    _file(
        "a workbook with a column without a name beside one that bears its stand-in",
        _xlsx(["id", "state", "column_4", None, "value"], ["d1", "Open", "x", "y", 1]),
        file="deals.xlsx",
        columns=("opportunity_id", "amount", "extra__column_4"),
        accepted=[("d1", 1, "x")],
    ),
    _file(
        "a workbook with errors in cells",
        _xlsx(_HEAD, ["d1", "Open", "#DIV/0!"], ["d2", "#N/A", 2]),
        file="deals.xlsx",
        accepted=[("d2", "#N/A", 2)],
        refused={2: "type"},
    ),
    _file(
        "a workbook with keys of more digits than a sheet holds, which the program has rounded",
        _xlsx(_HEAD, [123456789012345678, "Open", 1]),
        file="deals.xlsx",
        refused={2: "rounded"},
    ),
    _sheet("a sheet of plain XML", _ROW, accepted=_READ),
    _sheet(
        "a sheet whose rows stand out of order",
        _ROW.replace('r="2"', 'r="5"') + _ROW,
        error="row 2 stands after row 5",
    ),
    _sheet(
        "a sheet with a row beyond the last one",
        _ROW.replace('r="2"', 'r="99999999"'),
        error="row 99999999 stands after row 1",
    ),
    _sheet(
        "a sheet with a row of no number",
        _ROW.replace('r="2"', 'r="x"'),
        error="a damaged XLSX file",
    ),
    _sheet(
        "a sheet whose cells stand out of order",
        f'<row r="2">{_text("Open", "B2")}{_text("d1", "A2")}</row>',
        refused={2: "cell A2 stands out of order"},
    ),
    _sheet(
        "a sheet with a cell in no column",
        f'<row r="2">{_text("d1", "!2")}</row>',
        refused={2: "cell !2 stands out of order"},
    ),
    _sheet(
        "a sheet with a cell beyond the last column",
        f'<row r="2">{_text("d1", "ZZZZ2")}</row>',
        refused={2: "cell ZZZZ2"},
    ),
    _sheet(
        "a sheet with a text that is not there",
        '<row r="2"><c t="s"><v>7</v></c></row>',
        refused={2: "cell A2 names the text 7"},
    ),
    _sheet(
        "a sheet with a number that is none",
        '<row r="2"><c><v>x1</v></c></row>',
        refused={2: "cell A2 holds `x1`"},
    ),
    _sheet(
        "a sheet with a number with the noise of doubles",
        f"<row>{_text('d1')}{_text('Open')}<c><v>1234.5600000000002</v></c></row>",
        accepted=[("d1", "Open", Decimal("1234.56"))],
    ),
    _sheet(
        "ids that a sheet holds as numbers",
        f'<row r="2"><c><v>554023000123456</v></c>{_text("Open")}</row>'
        f'<row r="3"><c><v>5.54023000123456E+17</v></c>{_text("Open")}</row>'
        f'<row r="4"><c r="A4"><v>5.54023000123456E+14</v></c>{_text("Open", "B4")}'
        '<c r="C4"><v>5.54023000123456E+15</v></c></row>',
        accepted=[
            ("554023000123456", "Open", None),
            ("554023000123456", "Open", Decimal("5540230001234560")),
        ],
        refused={3: "rounded"},
    ),
    _sheet(
        "a cell that stands at no place",
        f'<row r="2">{_text("d1")}{_text("Open")}<c r="C2-"><v>1</v></c></row>'
        f'<row r="3">{_text("d2")}{_text("Open")}<c r="C3"><v>2</v></c></row>',
        accepted=[("d2", "Open", 2)],
        refused={2: "cell C2- stands out of order"},
    ),
    _sheet("a sheet that was cut off", "<row>", error="a damaged XLSX file"),
    _file(
        "a workbook that declares entities",
        _with_part(
            _XLSX,
            "xl/worksheets/sheet1.xml",
            lambda xml: b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + xml,
        ),
        file="deals.xlsx",
        error="declares entities",
    ),
    _file(
        "a bomb of a workbook",
        lambda _: _with_part(
            _XLSX, "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * 50_000_000
        ),
        file="deals.xlsx",
        error="a bomb",
    ),
]
