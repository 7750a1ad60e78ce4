"""Where the records of a CSV file begin and end, against two witnesses that read byte by byte.

Belongs here: counts, places and raw texts of records on random files, and files refused whole.
Does not belong here: packed bits (test_csv_bitmaps.py), values (test_bronze_casting.py), what is
loaded (test_bronze_loading.py).

The witness of well-formed files is Python's csv module; that of damaged ones, where the csv module
guesses, is `Witness` below. The walk carries its state (inside quotes or not, separators of the
open record, half a character) from one chunk of a megabyte to the next. What can go wrong there
goes wrong at the seams: these tests cut small files into chunks of a few bytes, so that every kind
of byte comes to stand beside a seam.
"""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from orchestration.extracts import csv_chunks, csv_structure, csv_walk
from orchestration.extracts.csv_structure import (
    MalformedRecord,
    Structure,
    raw_records,
    read_structure,
)
from orchestration.extracts.table import NotUtf8Error, UnreadableFileError

BOM = b"\xef\xbb\xbf"
DELIMITERS = [",", ";", "\t", "|", "^", "`"]
# Small ones, and those that fill whole words of 64 bits or nearly so.
CHUNK_BYTES = st.integers(min_value=1, max_value=40) | st.sampled_from([63, 64, 65, 128, 191])

UTF16: dict[str, Callable[[str], bytes]] = {
    "little-endian": lambda text: text.encode("utf-16-le"),
    "big-endian": lambda text: text.encode("utf-16-be"),
    "little-endian with a mark": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "big-endian with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}

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
    quotes_all = draw(st.booleans())

    def written(text: str) -> str:
        must_quote = quotes_all or any(each in text for each in special)
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
        patch.setattr(csv_chunks, "_CHUNK_BYTES", chunk)
        return read_structure(path, delimiter=delimiter, quote=quote)


def raw_of(folder: Path, written: Written, wanted: list[int], chunk: int) -> dict[int, str]:
    path = folder / "file.csv"
    path.write_bytes(written.data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_chunks, "_CHUNK_BYTES", chunk)
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


# Random damaged files ----------------------------------------------------------------------------

HEADER = b"a,b\n"
TOKENS = [b'"', b'"', b'""', b'","', b",", b"\n", b"\r\n", b"\r", b"\0", b" ", b"x", b"x" * 70]
FIELDS = [
    b"",
    b"x",
    b'""',
    b'"x"',
    b'"x,""y"',
    b'"x\ny"',
    b'"x\r\ny\rz"',
    "é€😀".encode(),
    b"x" * 70,
]
LINE_ENDS = [b"\n", b"\n", b"\r\n", b"\r\n", b"\n\n", b"\r\n\r\n"]
# As APIs write them.
QUOTED_FIELDS = [b'""', b'"x"', b'"' + b"x" * 70 + b'"', '"é€😀"'.encode()]


@dataclass
class Witness:
    """The structure of a file below `HEADER`, one byte after the other."""

    malformed: list[MalformedRecord] = field(default_factory=list)
    blank: list[tuple[int, int]] = field(default_factory=list)
    raw: dict[int, bytes] = field(default_factory=dict)
    is_refused: bool = False

    def structure(self) -> Structure:
        return Structure(("a", "b"), len(self.raw) - 1, tuple(self.malformed), tuple(self.blank))

    def read(self, data: bytes) -> None:
        start, at = 0, 0
        while at < len(data):
            at = self._record(data, start)
            start = at

    def _record(self, data: bytes, start: int) -> int:
        """Read the record that begins at `start`; return where it ends."""
        state, fields, faults, lines, before = "new field", 1, set(), 0, ""
        end = len(data)
        for place in range(start, len(data)):
            byte = chr(data[place])
            if byte == "\0":
                faults.add("a NUL byte")
            if state == "in quotes":
                lines += byte == "\n"
                state = "closed" if byte == '"' else state
                continue
            if before == "\r" and byte != "\n":
                faults.add("a carriage return out of place")
            if byte == "\n":
                end = place + 1
                break
            if byte == '"':
                if state == "in field":
                    faults.add("a quote out of place")
                state = "in quotes"
            elif byte == ",":
                fields, state = fields + 1, "new field"
            else:
                if state == "closed" and byte != "\r":
                    faults.add("a quote out of place")
                state = "in field"
            before = "" if state == "in quotes" else byte
        self._add(data, start, end, fields, faults)
        is_unclear = lines and faults - {"a NUL byte"}
        self.is_refused |= bool(is_unclear) or state == "in quotes"
        return end

    def _add(self, data: bytes, start: int, end: int, fields: int, faults: set[str]) -> None:
        if data[start:end] in (b"\n", b"\r\n", b"\r"):
            joined = self.blank.pop()[0] if self.blank and self.blank[-1][1] == start else start
            self.blank.append((joined, end))
            return
        row = len(self.raw) + 1
        self.raw[row] = data[start:end].rstrip(b"\r\n")
        reasons = ["a quote out of place", "a carriage return out of place", "a NUL byte"]
        reason = next((each for each in reasons if each in faults), None)
        if reason is None and fields != 2:
            reason = f"{fields} fields where the header has 2"
        if reason is not None:
            self.malformed.append(MalformedRecord(row, start, end, fields, reason))


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A header and well-formed rows, with a few tokens put in or bytes cut out anywhere below."""
    fields, line_ends = draw(st.sampled_from([(FIELDS, LINE_ENDS), (QUOTED_FIELDS, [b"\n"])]))
    rows = draw(st.lists(st.lists(st.sampled_from(fields), min_size=1, max_size=3), max_size=8))
    ends = [draw(st.sampled_from(line_ends)) for _ in rows]
    body = b"".join(b",".join(row) + end for row, end in zip(rows, ends, strict=True))
    for _ in range(draw(st.integers(min_value=0, max_value=3))):
        place = draw(st.integers(min_value=0, max_value=len(body)))
        cut = draw(st.integers(min_value=0, max_value=1))
        token = draw(st.sampled_from([b"", *TOKENS]))
        damaged = body[:place] + token + body[place + cut :]
        if is_utf8(damaged):
            body = damaged
    return HEADER + body


def is_utf8(data: bytes) -> bool:
    return data.decode("utf-8", errors="replace").encode() == data


random_tokens = st.lists(st.sampled_from(TOKENS), max_size=25).map(
    lambda tokens: HEADER + b"".join(tokens)
)
HALVES_OF_FIELDS = ['"x"', '"x"', '""', '"', 'x"', '"x', "x"]
random_halves = st.lists(
    st.tuples(st.sampled_from(HALVES_OF_FIELDS), st.sampled_from(",\n")), max_size=12
).map(lambda pairs: HEADER + "".join(half + border for half, border in pairs).encode())
more_random_files = settings(derandomize=True, max_examples=600, deadline=None)


def witness_of(data: bytes) -> Witness:
    witness = Witness()
    witness.read(data)
    return witness


def assert_is_seen_as_byte_by_byte(folder: Path, data: bytes, chunk: int) -> None:
    witness = witness_of(data)

    if witness.is_refused:
        with pytest.raises(UnreadableFileError):
            structure_of(folder, data, chunk=chunk)
    else:
        assert structure_of(folder, data, chunk=chunk) == witness.structure()


@settings(derandomize=True, max_examples=1000, deadline=None)
@given(data=random_halves, chunk=st.integers(min_value=1, max_value=20))
# Cut behind the comma, what goes on after the quote that closes looks like a field of its own.
@example(data=HEADER + b'"x,"x","xx\n', chunk=7)
def test_fields_that_are_quoted_by_half_are_seen_as_one_who_reads_byte_by_byte_sees_them(
    folder: Path, data: bytes, chunk: int
) -> None:
    assert_is_seen_as_byte_by_byte(folder, data, chunk)


@more_random_files
@given(data=damaged_files() | random_tokens, chunk=CHUNK_BYTES)
def test_a_damaged_file_is_seen_as_one_who_reads_byte_by_byte_sees_it(
    folder: Path, data: bytes, chunk: int
) -> None:
    assert_is_seen_as_byte_by_byte(folder, data, chunk)


@random_files
@given(data=damaged_files(), chunk=CHUNK_BYTES)
def test_the_raw_text_of_every_record_of_a_damaged_file_can_be_read(
    folder: Path, data: bytes, chunk: int
) -> None:
    witness = witness_of(data)
    assume(not witness.is_refused)

    texts = raw_of(folder, Written(",", '"', data, []), list(witness.raw), chunk)
    assert texts == {row: raw.decode() for row, raw in witness.raw.items()}


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


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1", "1 fields where the header has 2"),
        (b"1,2,3", "3 fields where the header has 2"),
        (b'1,x"y"', "a quote out of place"),
        (b'"1" ,2', "a quote out of place"),
        (b"1,x\ry", "a carriage return out of place"),
        (b"1,x\0y", "a NUL byte"),
        (b'1,"x\0y"', "a NUL byte"),
        (b'1,"x\0y\nz"', "a NUL byte"),
        (b'"1\0"x,2', "a quote out of place"),
    ],
)
def test_a_malformed_row_says_in_words_what_is_wrong_with_it(
    folder: Path, row: bytes, reason: str
) -> None:
    data = b"a,b\n1,2\n" + row + b"\n3,4\n"
    structure = structure_of(folder, data)

    assert [(bad.row_number, bad.reason) for bad in structure.malformed] == [(3, reason)]


def test_a_carriage_return_inside_quotes_is_text(folder: Path) -> None:
    assert structure_of(folder, b'a,b\r\n1,"x\ry\r"\r\n').malformed == ()


def test_blank_lines_are_listed_in_runs(folder: Path) -> None:
    structure = structure_of(folder, b"a,b\n\n\r\n\n1,2\n\r\n3,4\n", chunk=2)

    assert structure.blank == ((4, 8), (12, 14))


def test_a_file_is_opened_once_however_many_rows_are_malformed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    path, plain_open = folder / "opened.csv", Path.open
    path.write_bytes(b"a,b\n" + b'x"y"\n' * 50)

    def counted_open(path: Path, *args: str, **kwargs: object) -> object:
        opened.append(path)
        return plain_open(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", counted_open)
    bad = [each.row_number for each in read_structure(path, delimiter=",", quote='"').malformed]
    raw_records(path, bad, delimiter=",", quote='"')

    assert len(bad) == 50
    assert len(opened) == 2


# Limits ------------------------------------------------------------------------------------------


@pytest.fixture
def short_records(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit on records that a test can reach."""
    monkeypatch.setattr(csv_walk, "MAX_RECORD_BYTES", 100)
    return 100


@pytest.mark.parametrize("chunk", [7, 64, 4096])
def test_a_record_as_long_as_the_limit_is_read(
    folder: Path, short_records: int, chunk: int
) -> None:
    data = b"a\n" + b"x" * (short_records - 1) + b"\nb\n"

    assert structure_of(folder, data, chunk=chunk).record_count == 2


@pytest.mark.parametrize("chunk", [7, 64, 4096])
def test_a_longer_record_is_refused_with_its_row_and_place(
    folder: Path, short_records: int, chunk: int
) -> None:
    data = b"a\nb\n" + b"x" * short_records + b"\nb\n"
    with pytest.raises(UnreadableFileError, match="row 3, which begins at byte 4, is longer"):
        structure_of(folder, data, chunk=chunk)


@pytest.mark.parametrize(
    "endless", [b"x" * 500, b'"' + b"x\n" * 250], ids=["endless line", "unclosed quote"]
)
def test_what_stands_behind_an_endless_record_is_not_read(
    folder: Path, short_records: int, endless: bytes
) -> None:
    """It would be refused for another reason: it is not UTF-8."""
    data = b"a\n" + endless + b"\xff"
    with pytest.raises(UnreadableFileError, match="row 2, which begins at byte 2, is longer"):
        structure_of(folder, data)


@pytest.mark.parametrize("byte", [b"\0", b"x", b","])
def test_a_gigabyte_without_a_line_end_is_refused_in_little_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, byte: bytes
) -> None:
    path = folder / "endless.csv"
    monkeypatch.setattr(csv_walk, "MAX_RECORD_BYTES", 16 * 1024 * 1024)
    with path.open("wb") as file:
        file.write(b"a\n" + byte * 2 * csv_walk.MAX_RECORD_BYTES)
        file.truncate(1024**3)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError, match="row 2"):
            read_structure(path, delimiter=",", quote='"')
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()
        path.unlink()


def test_a_header_of_as_many_columns_as_the_limit_is_read(folder: Path) -> None:
    names = ",".join(f"c{number}" for number in range(csv_structure.MAX_COLUMNS))

    assert len(structure_of(folder, names.encode(), chunk=4096).header) == csv_structure.MAX_COLUMNS


def test_a_header_of_more_columns_is_refused(folder: Path) -> None:
    text = refusal(folder, b"," * csv_structure.MAX_COLUMNS + b"\n")

    assert "5,001 columns" in text


def test_a_file_of_almost_nothing_but_malformed_rows_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_structure, "MAX_MALFORMED", 3)
    rows = b"1;2\n" * 3

    assert len(structure_of(folder, b"a,b\n" + rows).malformed) == 3
    assert "row 2 (1 fields where the header has 2)" in refusal(folder, b"a,b\n" + rows + rows)


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


def test_text_that_is_not_utf8_may_be_tried_in_another_encoding(folder: Path) -> None:
    with pytest.raises(NotUtf8Error):
        structure_of(folder, "a\né\n".encode("latin-1"))


@pytest.mark.parametrize("encode", [*UTF16], ids=[*UTF16])
@pytest.mark.parametrize("text", ["id,name\n1,Bell\n", "id,name\r\n", '"größe"\r\n"1"'])
def test_a_file_in_utf16_is_refused_with_the_remedy(folder: Path, text: str, encode: str) -> None:
    data = UTF16[encode](text)
    with pytest.raises(NotUtf8Error, match="encoding: utf-16") as raised:
        structure_of(folder, data)

    encoding = str(raised.value).split("`encoding: ")[1].split("`")[0]
    assert data.decode(encoding) == text


@pytest.mark.parametrize("header", [b"a\0,b", b"\0", b'"a\0",b', b"\na,b\0"])
def test_a_header_with_a_nul_byte_is_refused(folder: Path, header: bytes) -> None:
    assert "the header holds a NUL byte" in refusal(folder, header + b"\n1,2\n")


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
