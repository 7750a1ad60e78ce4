"""XLSX files as tables of text, against openpyxl's own reading.

Belongs here: cells, headers, footers, malformed rows, and files that are no XLSX.
Does not belong here: types and rules (test_bronze_casting.py), unpacking (test_unpack.py).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import numbers
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from orchestration.extracts import parts, xlsx_container, xlsx_text
from orchestration.extracts.table import ROW_NUMBER, TextTable, UnreadableFileError
from orchestration.extracts.xlsx_cells import cell_name
from orchestration.extracts.xlsx_text import open_xlsx
from orchestration.sources.file_options import FileOptions

random_files = settings(derandomize=True, max_examples=60, deadline=None)

Rows = dict[int, dict[str, str]]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("xlsx")


def saved(folder: Path, *rows: list[Any], book: openpyxl.Workbook | None = None) -> Path:
    """A workbook as openpyxl writes it."""
    book = book or openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    path = folder / "file.xlsx"
    book.save(path)
    return path


def opened(path: Path, **options: Any) -> TextTable:
    return open_xlsx(path, FileOptions(**options), path.parent)


def rows_of(table: TextTable) -> Rows:
    """Rows without their NULLs, by row number."""
    rows = table.records.collect(engine="streaming").to_dicts()
    return {
        row.pop(ROW_NUMBER): {name: text for name, text in row.items() if text is not None}
        for row in rows
    }


def reasons(table: TextTable) -> dict[int, str]:
    return {record.row_number: record.reason for record in table.malformed}


def handmade(
    folder: Path,
    rows: str,
    *,
    shared: str = "",
    namespace: str = MAIN,
    before: str = "",
    parts: dict[str, str] | None = None,
) -> Path:
    """A workbook of bare XML, for what openpyxl would not write. `rows` stand in sheetData."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    written = {
        "_rels/.rels": f'<Relationships xmlns="{rels}"><Relationship Id="r" '
        f'Type="{office}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{office}"><sheets>'
        f'<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{rels}">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/s.xml"/>'
        f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="shared.xml"/>'
        "</Relationships>",
        "xl/worksheets/s.xml": f'{before}<worksheet xmlns="{namespace}"><dimension ref="A1"/>'
        f"<sheetData>{rows}</sheetData></worksheet>",
        "xl/shared.xml": f'<sst xmlns="{namespace}">{shared}</sst>',
    } | (parts or {})
    path = folder / "handmade.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in written.items():
            archive.writestr(name, text)
    return path


def text_row(number: int, *texts: str) -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{cells}</row>'


# Cells -------------------------------------------------------------------------------------------


def naive_text(value: Any) -> str | None:
    """What a value of openpyxl's says, in the words of the reader."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return None if value in (None, "") else str(value)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e9, 1e9).filter(lambda number: abs(number) > 1e-4)
    | st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=6)
    | st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    )
    | st.dates(date(1901, 1, 1), date(2199, 12, 31))
)


@settings(random_files, max_examples=40)
@given(cells=st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=5), is_1904=st.booleans())
def test_a_cell_is_what_openpyxl_reads(folder: Path, cells: list[list[Any]], is_1904: bool) -> None:
    book = openpyxl.Workbook()
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    # A text that begins with = would be written as a formula, _x0041_ is an escape.
    plain = [
        [
            None if isinstance(cell, str) and (cell[:1] == "=" or "_x" in cell) else cell
            for cell in row
        ]
        for row in cells
    ]
    path = saved(folder, ["a", "b", "c"], *plain, book=book)
    witness = openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True)
    expected = {}
    for number, row in enumerate(witness, start=2):
        named = {name: naive_text(cell) for name, cell in zip("abc", row, strict=False)}
        named = {name: text for name, text in named.items() if text is not None}
        if named:
            expected[number] = named
    table = opened(path)
    assert rows_of(table) == expected
    assert table.record_count == len(expected)


NUMBERS: dict[str, str] = {
    "12": "12",
    "12.0": "12",
    "-0.5": "-0.5",
    "1E3": "1000",
    "1.1000000000000001": "1.1",
    "0.30000000000000004": "0.30000000000000004",
    "1.23456789012345E+14": "123456789012345",
    "1.2345678901234568E+18": "1.2345678901234568E+18",
    "1234567890123456789": "1234567890123456789",
    "12345678901234.123456": "12345678901234.123456",
    "1E-05": "0.00001",
    "1E+300": "1E+300",
    "1E+999": "1E+999",
    "4.9406564584124654E-324": "4.9406564584124654E-324",
}


def test_numbers_keep_every_digit_that_tells_them_from_others(folder: Path) -> None:
    cells = "".join(f"<row><c><v>{number}</v></c></row>" for number in NUMBERS)
    table = opened(handmade(folder, text_row(1, "n") + cells))
    assert [row["n"] for row in rows_of(table).values()] == list(NUMBERS.values())


DATES: dict[str, tuple[float, str, str]] = {
    "a day": (45658, "yyyy-mm-dd", "2025-01-01"),
    "an instant": (45658.4375, "dd/mm/yyyy hh:mm", "2025-01-01T10:30:00"),
    "milliseconds": (45658.00000001157, "General;@", "45658.00000001157"),
    "half a second": (45658.000005787, "yyyy h:mm", "2025-01-01T00:00:00.500"),
    "nearly midnight": (45657.999999999, "m/d/yy", "2025-01-01"),
    "a time": (0.4375, "hh:mm", "10:30:00"),
    "midnight": (0, "hh:mm", "00:00:00"),
    "a duration": (1.5, "[h]:mm:ss", "36:00:00"),
    "less than nothing": (-0.25, "[hh]:mm", "-6:00:00"),
    "in words": (45658, "[$-409]dddd\\, mmmm dd", "2025-01-01"),
    "a currency": (45658, '#,##0.00 "days"', "45658"),
    "a named currency": (45658, "#,##0.00\\ [$USD]", "45658"),
    "red": (45658, "[Red]0.00", "45658"),
    "blanks as wide as letters": (45658, "_-* #,##0_-;_d0", "45658"),
    "before any calendar": (-5, "yyyy", "-5"),
    "behind any calendar": (2958466, "yyyy", "2958466"),
    "a day that never was": (60, "yyyy-mm-dd", "60"),
    "the day before": (59, "yyyy-mm-dd", "1900-02-28"),
    "the day after": (61, "yyyy-mm-dd", "1900-03-01"),
}


@pytest.mark.parametrize("name", DATES)
def test_a_number_is_a_date_where_its_style_says_so(folder: Path, name: str) -> None:
    number, style, expected = DATES[name]
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "x"
    cell = book.worksheets[0]["A2"]
    cell.value, cell.number_format = number, style
    assert rows_of(opened(saved(folder, book=book))) == {2: {"x": expected}}


@pytest.mark.parametrize("style", [14, 17, 18, 21, 22, 45, 47])
def test_built_in_styles_are_dates(folder: Path, style: int) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["x"])
    book.worksheets[0].append([45658])
    book.worksheets[0]["A2"].number_format = numbers.BUILTIN_FORMATS[style]
    table = opened(saved(folder, book=book))
    assert rows_of(table) == {2: {"x": "2025-01-01"}}
    assert table.typed == {"x"}


def test_columns_that_hold_a_day_or_an_instant_are_typed(folder: Path) -> None:
    path = saved(
        folder,
        ["day", "text", "mixed", "time", "span"],
        [date(2025, 1, 1), "2025-01-01", "1.1.2025", time(10), timedelta(hours=30)],
        [None, None, datetime(2025, 1, 1, 10), None, None],
    )
    assert opened(path).typed == {"day", "mixed"}


def test_errors_stand_as_they_are_shown_and_blanks_are_kept(folder: Path) -> None:
    path = saved(folder, ["a", "b", "c"], ["#N/A", " x ", "#REF!"])
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["A2"].data_type = "e"
    assert rows_of(opened(saved(folder, book=book))) == {2: {"a": "#N/A", "b": " x ", "c": "#REF!"}}


def test_rich_and_escaped_texts_are_the_text_that_is_shown(folder: Path) -> None:
    shared = (
        "<si><r><rPr><b/></rPr><t>bold</t></r><r><t xml:space='preserve'> plain</t></r>"
        "<rPh sb='0' eb='1'><t>aid</t></rPh></si>"
        "<si><t>a_x000D_\nb _x005F_x0041_ _x0000_ _xD83D_</t></si>"
    )
    rows = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
    table = opened(handmade(folder, text_row(1, "x") + rows, shared=shared))
    assert [row["x"] for row in rows_of(table).values()] == [
        "bold plain",
        "a\r\nb _x0041_ _x0000_ _xD83D_",
    ]


def test_merged_cells_count_once(folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], ["x", "y"], ["z", "w"]):
        book.worksheets[0].append(row)
    book.worksheets[0].merge_cells("A2:A3")
    assert rows_of(opened(saved(folder, book=book))) == {2: {"a": "x", "b": "y"}, 3: {"b": "w"}}


# Formulas ----------------------------------------------------------------------------------------

FORMULA = "holds a formula without a stored value"


def test_a_formula_without_a_stored_value_makes_its_row_malformed(folder: Path) -> None:
    # openpyxl stores none.
    path = saved(folder, ["id", "amount"], ["1", 5], ["2", "=B2*2"], ["3", 7])
    table = opened(path)
    assert rows_of(table) == {2: {"id": "1", "amount": "5"}, 4: {"id": "3", "amount": "7"}}
    assert reasons(table)[3].startswith(f"cell B3 {FORMULA}: open the file")
    assert table.raw_texts([3]) == {3: '[["A3","2"],["B3","=B2*2"]]'}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c t="str"><f>"a"</f><v>a_x0041_</v></c>', "aA"),
        ('<c t="str"><f>""</f><v></v></c>', None),
        ('<c t="b"><f>TRUE()</f><v>1</v></c>', "true"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c><f t="shared" si="0"/><v>3</v></c>', "3"),
    ],
)
def test_a_formula_counts_for_its_stored_value(folder: Path, cell: str, text: str | None) -> None:
    table = opened(handmade(folder, text_row(1, "x", "y") + f"<row>{cell}<c><v>9</v></c></row>"))
    assert rows_of(table) == {2: {"y": "9"} | ({"x": text} if text else {})}


@pytest.mark.parametrize(
    "cell",
    ["<c><f>1</f></c>", "<c><f>1</f><v/></c>", '<c t="str"><f>1</f></c>', '<c><f si="0"/></c>',
     '<c t="b"><f>1</f><v></v></c>', '<c t="e"><f>1</f><v></v></c>'],
)  # fmt: skip
def test_no_way_of_leaving_out_the_value_goes_unseen(folder: Path, cell: str) -> None:
    table = opened(handmade(folder, text_row(1, "x") + f"<row>{cell}</row>"))
    assert f"cell A2 {FORMULA}" in reasons(table)[2]


# Rows --------------------------------------------------------------------------------------------


def test_empty_rows_are_none_and_keep_their_numbers(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["a", "b"], ["1", None], [None, None], ["2", "x"], [None, ""]):
        sheet.append(row)
    # Excel pads with styled cells that hold nothing.
    for row_number in range(6, 40):
        sheet.cell(row_number, 5).number_format = "0.00"
    table = opened(saved(folder, book=book))
    assert rows_of(table) == {2: {"a": "1"}, 4: {"a": "2", "b": "x"}}
    assert (table.record_count, table.malformed) == (2, ())


def test_a_value_beyond_the_header_makes_its_row_malformed(folder: Path) -> None:
    table = opened(saved(folder, ["a", "b"], ["1", "2"], ["3", "4", None, "5"]))
    assert rows_of(table) == {2: {"a": "1", "b": "2"}}
    assert reasons(table) == {3: "cell D3 holds a value beyond the header's last column"}
    assert table.raw_texts([3, 2]) == {
        2: '{"a":"1","b":"2"}',
        3: '[["A3","3"],["B3","4"],["D3","5"]]',
    }
    assert table.record_count == 2


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("<c><v>abc</v></c>", "holds `abc`, which is no number"),
        ("<c><v>NaN</v></c>", "which is no number"),
        ('<c t="s"><v>7</v></c>', "names the text 7"),
        ('<c t="s"><v>-1</v></c>', "names the text -1"),
        ('<c t="b"><v>2</v></c>', "nothing of the kind `b`"),
        ('<c t="q"><v>2</v></c>', "nothing of the kind `q`"),
        ('<c t="d"><v>soon</v></c>', "holds `soon`, which is no date"),
        ('<c r="A2"><v>1</v></c><c r="A2"><v>2</v></c>', "cell A2 stands out of order"),
        ('<c r="A2"><v>1</v></c><c r="XFE2"><v>2</v></c>', "cell XFE2 stands out of order"),
        ('<c r="ZZZZZZZ2"><v>2</v></c>', "cell ZZZZZZZ2 stands out of order"),
    ],
)
def test_a_cell_that_cannot_be_read_makes_its_row_malformed(
    folder: Path, cell: str, reason: str
) -> None:
    rows = text_row(1, "x") + f'<row r="2">{cell}</row>' + text_row(3, "good")
    table = opened(handmade(folder, rows))
    assert reason in reasons(table)[2]
    assert rows_of(table) == {3: {"x": "good"}}
    assert list(table.raw_texts([2])) == [2]


def test_rows_and_cells_may_go_unnumbered(folder: Path) -> None:
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row>"
    table = opened(handmade(folder, text_row(1, "a", "b").replace(' r="1"', "") + rows))
    assert rows_of(table) == {2: {"a": "1", "b": "2"}}


def test_the_strict_variant_and_prefixes_are_read(folder: Path) -> None:
    rows = (
        text_row(1, "a", "b") + '<row><c t="d"><v>2025-01-01T10:00:00</v></c><c><v>2</v></c></row>'
    )
    expected = {2: {"a": "2025-01-01T10:00:00", "b": "2"}}
    assert rows_of(opened(handmade(folder, rows, namespace=STRICT))) == expected
    prefixed = rows.replace("</", "<!/").replace("<", "<x:").replace("<x:!/", "</x:")
    sheet = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{prefixed}</x:sheetData></x:worksheet>'
    path = handmade(folder, "", parts={"xl/worksheets/s.xml": sheet})
    assert rows_of(opened(path)) == expected


@pytest.mark.parametrize("numbers", [(1, 3, 2), (1, 2, 2), (1, 0), (1, 1048577)])
def test_rows_out_of_order_refuse_the_file(folder: Path, numbers: tuple[int, ...]) -> None:
    rows = "".join(text_row(number, "x") for number in numbers)
    with pytest.raises(UnreadableFileError, match=rf"row {numbers[-1]} stands after"):
        opened(handmade(folder, rows))


def test_batches_keep_rows_and_numbers_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_text, "_BATCH_ROWS", 3)
    monkeypatch.setattr(parts, "_PART_ROWS", 5)
    table = opened(saved(folder, ["n"], *([number] for number in range(50))))
    assert rows_of(table) == {number + 2: {"n": str(number)} for number in range(50)}


def test_so_many_malformed_rows_refuse_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_text, "MAX_MALFORMED", 2)
    with pytest.raises(UnreadableFileError, match=r"more than 2 rows .* row 2 \(cell B2 holds"):
        opened(saved(folder, ["a"], *([1, 2] for _ in range(3))))


# Headers and footers -----------------------------------------------------------------------------


def test_header_names_are_stripped_and_blank_ones_numbered(folder: Path) -> None:
    table = opened(saved(folder, [" id ", None, 2025, "", "*"], ["1", "2", "3", "4", "5"]))
    assert table.header == ("id", "column_2", "2025", "column_4", "*")
    assert list(rows_of(table)[2].values()) == ["1", "2", "3", "4", "5"]


def test_a_numbered_name_is_one_that_no_other_column_bears(folder: Path) -> None:
    table = opened(saved(folder, ["column_2", None, None, "column_3"], ["1", "2", "3", "4"]))
    assert table.header == ("column_2", "column_2_", "column_3_", "column_3")
    assert list(rows_of(table)[2].values()) == ["1", "2", "3", "4"]


def test_the_header_may_stand_lower(folder: Path) -> None:
    path = saved(folder, ["Deals"], ["exported by", None, "me"], [], ["id", "name"], ["1", "x"])
    assert rows_of(opened(path, header_row=4)) == {5: {"id": "1", "name": "x"}}
    with pytest.raises(UnreadableFileError, match=r"row 3 of sheet `Sheet` is empty: .*header_row"):
        opened(path, header_row=3)


@pytest.mark.parametrize(("skip", "last"), [(0, 7), (1, 4), (2, 4), (3, 4), (4, 3), (6, 0), (9, 0)])
def test_rows_of_the_footer_are_counted_from_the_last_that_holds_anything(
    folder: Path, skip: int, last: int
) -> None:
    rows = [["id"], ["2"], ["3"], ["4"], [], [], ["total"], [None]]
    table = opened(saved(folder, *rows), skip_footer=skip)
    assert list(rows_of(table)) == [number for number in (2, 3, 4, 7) if number <= last]
    assert table.record_count == len(rows_of(table))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["a", "b", "a "], "the header names a more than once"),
        ([], "row 1 of sheet `Sheet` is empty"),
        ([" ", None], "row 1 of sheet `Sheet` is empty"),
        (["a", "=B1"], f"the header cannot be read: cell B1 {FORMULA}"),
        ([ROW_NUMBER], "_row_number"),
    ],
)
def test_a_header_that_names_no_columns_is_refused(
    folder: Path, header: list[Any], message: str
) -> None:
    with pytest.raises(UnreadableFileError, match=message):
        opened(saved(folder, header, ["1", "2"]))


def test_too_many_columns_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_COLUMNS", 2)
    with pytest.raises(UnreadableFileError, match="more than 2 columns"):
        opened(saved(folder, ["a", "b", "c"]))


def test_a_header_alone_is_a_table_without_rows(folder: Path) -> None:
    table = opened(saved(folder, ["a", "b"]))
    assert (table.header, table.record_count) == (("a", "b"), 0)
    assert table.records.collect().columns == ["a", "b", ROW_NUMBER]
    assert table.raw_texts([]) == {}


@pytest.mark.parametrize(
    ("column", "name"), [(1, "A5"), (26, "Z5"), (27, "AA5"), (702, "ZZ5"), (16384, "XFD5")]
)
def test_cells_are_named_as_in_a_spreadsheet(column: int, name: str) -> None:
    assert cell_name(column, 5) == name


# Sheets ------------------------------------------------------------------------------------------


@pytest.fixture
def many_sheets(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Notes"
    book.worksheets[0].sheet_state = "hidden"
    book.create_chartsheet("Chart")
    for title in ("Deals", "Übersicht & mehr"):
        book.create_sheet(title).append([title])
    book.worksheets[0].append(["note"])
    return saved(folder, book=book)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (None, "Deals"),
        ("Deals", "Deals"),
        ("deals", "Deals"),
        ("Notes", "note"),
        ("Übersicht & mehr", "Übersicht & mehr"),
    ],
)
def test_a_named_sheet_is_read_or_the_first_visible_one(
    many_sheets: Path, name: str | None, header: str
) -> None:
    assert opened(many_sheets, sheet=name).header == (header,)


def test_the_sheets_there_are_are_named_when_one_is_not(many_sheets: Path) -> None:
    with pytest.raises(
        UnreadableFileError,
        match="no sheet `Chart`: there are `Notes`, `Deals`, `Übersicht & mehr`; name one",
    ):
        opened(many_sheets, sheet="Chart")


# Raw texts ---------------------------------------------------------------------------------------


def test_raw_texts_are_flat_json_of_the_row(folder: Path) -> None:
    path = saved(folder, ["a", "b", "*"], ["1", None, "é\n"], [date(2025, 1, 1), 2.5, True])
    raw = opened(path).raw_texts([2, 3])
    assert {number: json.loads(text) for number, text in raw.items()} == {
        2: {"a": "1", "*": "é\n"},
        3: {"a": "2025-01-01", "b": "2.5", "*": "true"},
    }


# Files that are no XLSX --------------------------------------------------------------------------


def zipped(*names: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "x")

    return write


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600

NO_XLSX: dict[str, tuple[bytes | Callable[[Path], None], str]] = {
    "empty": (b"", "the file is empty"),
    "csv": (b"id,name\n1,x\n", "no XLSX file: name it after what it is"),
    "web page": (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "a web page or XML"),
    "xls": (OLE, "an old .xls file"),
    "password": (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    "xlsb": (zipped("xl/workbook.bin"), "an XLSB file"),
    "ods": (zipped("mimetype", "content.xml"), "an OpenDocument file"),
    "zip": (zipped("deals.csv"), "a zip, but no XLSX file"),
    "half a zip": (b"PK\x03\x04 and nothing more", "a damaged XLSX file"),
    "twice": (zipped("xl/workbook.xml", "XL\\workbook.xml"), "holds xl/workbook.xml twice"),
}


@pytest.mark.parametrize("kind", NO_XLSX)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_no_xlsx_is_told(tmp_path: Path, kind: str) -> None:
    content, message = NO_XLSX[kind]
    path = tmp_path / "file.xlsx"
    if callable(content):
        content(path)
    else:
        path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=message):
        opened(path)


def test_entities_are_refused(folder: Path) -> None:
    before = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    with pytest.raises(UnreadableFileError, match="declares entities"):
        opened(handmade(folder, text_row(1, "&b;"), before=before))


def test_a_file_that_unpacks_to_too_much_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = handmade(folder, text_row(1, "x" * 100_000))
    assert opened(path).record_count == 0
    with monkeypatch.context() as patch:
        patch.setattr(xlsx_container, "MAX_BYTES", 100_000)
        with pytest.raises(UnreadableFileError, match=r"it unpacks to .* no more than 100,000"):
            opened(path)
    monkeypatch.setattr(xlsx_container, "_LARGE_BYTES", 50_000)
    monkeypatch.setattr(xlsx_container, "_MOST_TIMES", 20)
    with pytest.raises(UnreadableFileError, match="a bomb"):
        opened(path)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("xl/worksheets/s.xml", "<worksheet><sheetData><row>"),
        ("xl/worksheets/s.xml", '<worksheet><sheetData><row r="x"/></sheetData></worksheet>'),
        ("xl/workbook.xml", "no xml"),
        ("_rels/.rels", "<Relationships>"),
        ("xl/shared.xml", ""),
    ],
)
def test_damaged_parts_refuse_the_file(folder: Path, part: str, text: str) -> None:
    with pytest.raises(UnreadableFileError, match="damaged XLSX file"):
        opened(handmade(folder, text_row(1, "x"), parts={part: text}))


@random_files
@given(at=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.none() | st.integers(0, 10**6))
def test_no_damage_crashes_the_reader(folder: Path, at: int, byte: int, cut: int | None) -> None:
    path = saved(folder, ["a", "b"], ["1", date(2025, 1, 1)], ["x", Decimal("1.5")])
    data = bytearray(path.read_bytes())
    data[at % len(data)] = byte
    path.write_bytes(data if cut is None else data[: cut % len(data)])
    try:
        table = opened(path)
    except UnreadableFileError:
        return
    assert len(rows_of(table)) + len(table.malformed) == table.record_count
