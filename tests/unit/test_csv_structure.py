"""Where the records of a CSV file begin and end, against Python's csv module as a second witness.

Belongs here: counts, places and raw texts of records on random files, and files refused whole.
Does not belong here: values (test_bronze_casting.py), what is loaded (test_bronze_loading.py).

The walk carries its state (inside quotes or not, separators of the open record, half a character)
from one chunk of 8 MB to the next. What can go wrong there goes wrong at the seams, and a file of
8 MB has one seam: these tests cut small files into chunks of a few bytes instead, so that every
kind of byte comes to stand beside a seam.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestration.extracts import csv_structure
from orchestration.extracts.csv_structure import (
    Structure,
    UnreadableFileError,
    raw_records,
    read_structure,
)

BOM = b"\xef\xbb\xbf"
DELIMITERS = [",", ";", "\t", "|", "^", "`"]
CHUNK_BYTES = st.integers(min_value=1, max_value=40)

# The same files on every run: a failure is a change of the code and not a lucky draw.
random_files = settings(derandomize=True, max_examples=100, deadline=None)


@dataclass(frozen=True)
class Written:
    """A well-formed file as written: the raw text of each record, without its line end."""

    delimiter: str
    quote: str
    data: bytes
    raw: list[str]

    def rows(self) -> list[list[str]]:
        """The records as Python's csv module reads them; a blank line is none."""
        text = io.StringIO(self.data.decode("utf-8-sig"), newline="")
        reader = csv.reader(text, delimiter=self.delimiter, quotechar=self.quote, strict=True)
        return [row for row in reader if row]


@st.composite
def written_files(draw: st.DrawFn, *, ragged: bool = False) -> Written:
    """A file with random delimiter, quotes, line ends, BOM, blank lines and final newline."""
    delimiter = draw(st.sampled_from(DELIMITERS))
    quote = draw(st.sampled_from(['"', "'"]))
    special = [delimiter, quote, "\n", "\r\n"]
    field = st.lists(st.sampled_from(["a", "7", " ", "é", "😀", *special]), max_size=5).map("".join)
    width = draw(st.integers(min_value=1, max_value=4))
    widths = st.integers(min_value=1, max_value=6) if ragged else st.just(width)
    line_end = draw(st.sampled_from(["\n", "\r\n"]))

    def written(text: str) -> str:
        must_quote = any(each in text for each in special)
        if must_quote or draw(st.booleans()):
            return quote + text.replace(quote, quote * 2) + quote
        return text

    names = [f"c{number}{draw(field)}" for number in range(width)]
    count = draw(st.integers(min_value=0, max_value=6))
    records = [names, *([draw(field) for _ in range(draw(widths))] for _ in range(count))]
    raw = [delimiter.join(map(written, record)) for record in records]
    lines = [raw[0]]
    for each in raw[1:]:
        lines += [""] * draw(st.integers(min_value=0, max_value=2)) + [each]
    text = line_end.join(lines) + draw(st.sampled_from(["", line_end, line_end * 2]))
    data = draw(st.sampled_from([b"", BOM])) + text.encode()
    # An empty field that is alone in its row and not quoted is a blank line, and no record.
    return Written(delimiter, quote, data, [each for each in raw if each])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv")


def structure_of(
    folder: Path, data: bytes, delimiter: str = ",", quote: str = '"', chunk: int = 7
) -> Structure:
    """The structure of a file that is read in small chunks."""
    path = folder / "file.csv"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_structure, "_CHUNK_BYTES", chunk)
        return read_structure(path, delimiter=delimiter, quote=quote)


def raw_of(folder: Path, written: Written, wanted: list[int], chunk: int) -> dict[int, str]:
    path = folder / "file.csv"
    path.write_bytes(written.data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_structure, "_CHUNK_BYTES", chunk)
        return raw_records(path, wanted, delimiter=written.delimiter, quote=written.quote)


def refusal(folder: Path, data: bytes) -> str:
    """The error that a file meets as a whole."""
    with pytest.raises(UnreadableFileError) as raised:
        structure_of(folder, data)
    return str(raised.value)


# Random well-formed files ------------------------------------------------------------------------


@random_files
@given(written=written_files(), chunk=CHUNK_BYTES)
def test_records_are_counted_as_the_csv_module_counts_them(
    folder: Path, written: Written, chunk: int
) -> None:
    structure = structure_of(folder, written.data, written.delimiter, written.quote, chunk)

    assert structure.record_count == len(written.rows()) - 1


@random_files
@given(written=written_files(), chunk=CHUNK_BYTES)
def test_the_header_is_the_one_the_csv_module_reads(
    folder: Path, written: Written, chunk: int
) -> None:
    structure = structure_of(folder, written.data, written.delimiter, written.quote, chunk)

    assert list(structure.header) == [name.strip() for name in written.rows()[0]]


@random_files
@given(written=written_files(), chunk=CHUNK_BYTES)
def test_no_record_of_a_well_formed_file_is_malformed(
    folder: Path, written: Written, chunk: int
) -> None:
    structure = structure_of(folder, written.data, written.delimiter, written.quote, chunk)

    assert structure.malformed == ()


@random_files
@given(written=written_files(ragged=True), chunk=CHUNK_BYTES)
def test_rows_of_another_width_are_found_by_number_and_width(
    folder: Path, written: Written, chunk: int
) -> None:
    header, *rows = written.rows()
    structure = structure_of(folder, written.data, written.delimiter, written.quote, chunk)

    assert [(bad.row_number, bad.field_count) for bad in structure.malformed] == [
        (number, len(row)) for number, row in enumerate(rows, start=2) if len(row) != len(header)
    ]


@random_files
@given(written=written_files(ragged=True), chunk=CHUNK_BYTES)
def test_the_bytes_of_a_malformed_row_are_its_own(
    folder: Path, written: Written, chunk: int
) -> None:
    structure = structure_of(folder, written.data, written.delimiter, written.quote, chunk)

    for bad in structure.malformed:
        raw = written.data[bad.start : bad.end].decode().rstrip("\r\n")
        assert raw == written.raw[bad.row_number - 1]


@random_files
@given(written=written_files(ragged=True), chunk=CHUNK_BYTES)
def test_the_raw_text_of_a_record_is_what_stands_in_the_file(
    folder: Path, written: Written, chunk: int
) -> None:
    rows = list(range(2, len(written.raw) + 1))

    assert raw_of(folder, written, rows, chunk) == {row: written.raw[row - 1] for row in rows}


@random_files
@given(written=written_files(ragged=True), chunk=CHUNK_BYTES, data=st.data())
def test_only_the_records_asked_for_are_returned(
    folder: Path, written: Written, chunk: int, data: st.DataObject
) -> None:
    assume(len(written.raw) > 1)
    chosen = data.draw(st.sets(st.integers(min_value=2, max_value=len(written.raw))))

    assert set(raw_of(folder, written, sorted(chosen), chunk)) == chosen


@random_files
@given(written=written_files(ragged=True), chunk=CHUNK_BYTES)
def test_where_the_chunks_are_cut_changes_nothing(
    folder: Path, written: Written, chunk: int
) -> None:
    whole = structure_of(
        folder, written.data, written.delimiter, written.quote, chunk=len(written.data) + 1
    )

    assert structure_of(folder, written.data, written.delimiter, written.quote, chunk) == whole


# Row numbers -------------------------------------------------------------------------------------


def test_the_first_record_is_row_two(folder: Path) -> None:
    structure = structure_of(folder, b"a,b\n1\n")

    assert [bad.row_number for bad in structure.malformed] == [2]


def test_a_blank_line_takes_no_row_number(folder: Path) -> None:
    structure = structure_of(folder, b"a,b\n1,2\n\n\r\n3\n")

    assert [bad.row_number for bad in structure.malformed] == [3]
    assert structure.record_count == 2


def test_a_line_of_blanks_is_a_record(folder: Path) -> None:
    structure = structure_of(folder, b"a,b\n  \n1,2\n")

    assert [(bad.row_number, bad.field_count) for bad in structure.malformed] == [(2, 1)]


def test_a_record_over_several_lines_is_one_row(folder: Path) -> None:
    structure = structure_of(folder, b'a,b\n1,"x\ny\nz"\n3\n')

    assert [bad.row_number for bad in structure.malformed] == [3]


def test_a_file_of_a_header_alone_has_no_records(folder: Path) -> None:
    assert structure_of(folder, b"a,b").record_count == 0


def test_a_header_without_a_name_is_named_by_its_place(folder: Path) -> None:
    assert structure_of(folder, b"a,,c\n").header == ("a", "column_2", "c")


# Files refused whole -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", BOM])
def test_an_empty_file_is_refused(folder: Path, data: bytes) -> None:
    assert "empty" in refusal(folder, data)


@pytest.mark.parametrize("data", [b"\na,b\n1,2\n", BOM + b"\r\na,b\r\n1,2\r\n"])
def test_a_blank_line_above_the_header_is_passed_over_as_any_other(
    folder: Path, data: bytes
) -> None:
    assert structure_of(folder, data).header == ("a", "b")


def test_a_quote_that_is_never_closed_is_refused_with_its_place(folder: Path) -> None:
    data = b'a,b\n1,"x"\n2,"y\n3,z\n'

    assert f"near byte {data.index(b'y') - 1} " in refusal(folder, data)


def test_a_file_cut_off_inside_a_quoted_field_is_refused(folder: Path) -> None:
    assert "cut off" in refusal(folder, b'a,b\n1,"x"\n2,"y')


@pytest.mark.parametrize("before", range(9))
def test_text_that_is_not_utf8_is_refused_with_its_place_and_the_remedy(
    folder: Path, before: int
) -> None:
    """At every place of a seam: a character may begin in one chunk and end in the next."""
    data = b"a\n" + b"x" * before + "é".encode("latin-1") + b"yz\n"
    text = refusal(folder, data)

    assert f"at byte {before + 2}:" in text
    assert "encoding: latin-1" in text


def test_half_a_character_at_the_end_is_refused(folder: Path) -> None:
    assert "not UTF-8" in refusal(folder, b"a\nx\n" + "é".encode()[:1])


@pytest.mark.parametrize("header", [b"a,b,a", b'a,b,"a"', b"a,b, a"])
def test_a_header_that_names_a_column_twice_is_refused(folder: Path, header: bytes) -> None:
    text = refusal(folder, header + b"\n1,2,3\n")

    assert "header" in text
    assert "a more than once" in text


def test_line_ends_of_an_old_mac_are_refused(folder: Path) -> None:
    """Read as one long header, the file would say that it has no rows."""
    assert "line" in refusal(folder, b"a,b\r1,2\r3,4\r")


@pytest.mark.parametrize(
    "data",
    [
        b'name,note\n"Acme "West" Inc",x\n"Bell",y\n',
        b'name,note\n"Acme" ,x\n"Bell",y\n',
        b'name,note\nAc\rme,x\n"Bell",y\n',
    ],
)
def test_a_record_with_a_quote_or_line_end_out_of_place_is_not_taken_for_well_formed(
    folder: Path, data: bytes
) -> None:
    """csv reads `Acme West" Inc"`, polars `Acme West Inc`, and neither says a word.

    A carriage return alone ends a line to csv and to spreadsheets, and none to polars.
    """
    try:
        structure = structure_of(folder, data)
    except UnreadableFileError:
        return
    assert [bad.row_number for bad in structure.malformed] == [2]


def test_a_quote_out_of_place_never_swallows_the_rows_after_it(folder: Path) -> None:
    """Two stray quotes make two records look like one; the count would then close on a lie."""
    text = refusal(folder, b'name,note\na,""b"\nc,"d""\n')

    assert "quote" in text


@random_files
@given(written=written_files(), chunk=CHUNK_BYTES, data=st.data())
def test_a_lost_quote_is_never_overlooked(
    folder: Path, written: Written, chunk: int, data: st.DataObject
) -> None:
    quotes = [i for i, byte in enumerate(written.data) if byte == ord(written.quote)]
    assume(quotes)
    lost = data.draw(st.sampled_from(quotes))
    damaged = written.data[:lost] + written.data[lost + 1 :]

    with pytest.raises(UnreadableFileError):
        structure_of(folder, damaged, written.delimiter, written.quote, chunk)
