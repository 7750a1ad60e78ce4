"""A CSV file as a table of text, one row a well-formed record.

Belongs here: delimiters, malformed records cut out, row numbers as a spreadsheet shows them.
Does not belong here: encodings (encodings.py), where records end (csv_structure.py), types and
rules (bronze/cast.py).
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from orchestration.extracts.csv_chunks import read_at
from orchestration.extracts.csv_structure import Structure, raw_records, read_structure
from orchestration.extracts.encodings import opened_first
from orchestration.extracts.table import ROW_NUMBER, Malformed, TextTable, UnreadableFileError
from orchestration.sources.file_options import FileOptions

# What Salesforce's Bulk API offers, and with it what other programs write.
_DELIMITERS = (",", "\t", ";", "|", "^", "`")
# How zlib begins, of what is also text.
_ZLIB = (b"x^", b"x\x01")
_LINE_BYTES = 1024 * 1024


def open_csv(
    path: Path, options: FileOptions, scratch: Path, expected: Collection[str] = ()
) -> TextTable:
    """Open one CSV file.

    Row 1 is the first line of the file. `expected` are names that the header may hold: with
    `delimiter: auto` they tell which delimiter it is. `scratch` is a folder for copies that the
    caller throws away. Raises UnreadableFileError when the file as a whole cannot be read.
    """
    return opened_first(
        path, options.encoding, scratch, partial(_open_utf8, options, scratch, expected)
    )


def _open_utf8(
    options: FileOptions, scratch: Path, expected: Collection[str], path: Path
) -> TextTable:
    lines_above = options.header_row - 1
    if lines_above or options.skip_footer:
        path = _trimmed(path, lines_above, options.skip_footer, scratch)
    quote, delimiter = options.quote, options.delimiter
    if delimiter == "auto":
        delimiter = _delimiter_of(path, quote, expected)
    structure = read_structure(path, delimiter=delimiter, quote=quote)
    header_line = _first_line(path, quote)
    repeats = _repeats_of(header_line, path, structure)
    if ROW_NUMBER in structure.header:
        raise UnreadableFileError(
            f"the header names `{ROW_NUMBER}`, a name that bronze needs itself: rename it"
        )
    readable = path
    if structure.malformed or structure.blank or _looks_packed(path):
        readable = _without_gaps(path, structure, scratch)
    records = pl.scan_csv(
        readable,
        # With a header polars would hold its raw names, quotes and blanks and all, against these.
        has_header=False,
        skip_rows=1,
        raise_if_empty=False,
        glob=False,
        schema=dict.fromkeys(structure.header, pl.String),
        separator=delimiter,
        quote_char=quote,
        # A quoted empty field is as empty as one without quotes.
        null_values=[""],
        row_index_name=ROW_NUMBER,
        row_index_offset=2,
    ).with_columns(_row_numbers(structure, lines_above).alias(ROW_NUMBER))
    return TextTable(
        header=structure.header,
        record_count=structure.record_count,
        malformed=tuple(
            Malformed(
                record.row_number + lines_above,
                "header" if record.row_number in repeats else record.reason,
            )
            for record in structure.malformed
        ),
        records=records,
        raw_texts=partial(_raw_texts, path, delimiter, quote, lines_above),
        raw_header=header_line,
    )


def _repeats_of(line: str, path: Path, structure: Structure) -> set[int]:
    """Rows that say the header once more behind a byte order mark, which makes the quotes of its
    first name stand out of place: parts that were put together as they were.
    """
    repeated = codecs.BOM_UTF8 + line.encode()
    lengths = {len(repeated) + len(line_end) for line_end in ("", "\n", "\r\n")}
    with path.open("rb") as file:
        return {
            bad.row_number
            for bad in structure.malformed
            if bad.end - bad.start in lengths
            and read_at(file, bad.start, bad.end - bad.start).rstrip(b"\r\n") == repeated
        }


def _raw_texts(
    path: Path, delimiter: str, quote: str, lines_above: int, row_numbers: Collection[int]
) -> dict[int, str]:
    inner = [number - lines_above for number in row_numbers]
    texts = raw_records(path, inner, delimiter=delimiter, quote=quote)
    return {number + lines_above: text for number, text in texts.items()}


def _row_numbers(structure: Structure, lines_above: int) -> pl.Expr:
    """Row numbers of the file, from those of the file without its malformed records."""
    read = pl.col(ROW_NUMBER).cast(pl.Int64)
    if structure.malformed:
        # The i-th malformed row pushes all from its own number less i onwards down by one.
        gaps = np.array([bad.row_number for bad in structure.malformed], dtype=np.int64)
        shifted = pl.Series(gaps - np.arange(len(gaps)))
        read = read + pl.lit(shifted).search_sorted(read, side="right").cast(pl.Int64)
    return read + lines_above if lines_above else read


def _delimiter_of(path: Path, quote: str, expected: Collection[str]) -> str:
    """The delimiter that splits the header into the most names that are expected."""
    line, known = _first_line(path, quote), {name.casefold() for name in expected}

    def names_found(delimiter: str) -> int:
        try:
            names = next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])
        except csv.Error:
            # What is wrong with the header is told when it is read.
            return 0
        return sum(name.strip().casefold() in known for name in names)

    return max(_DELIMITERS, key=names_found)


def _first_line(path: Path, quote: str) -> str:
    """The header as it stands, its quoted line ends included."""
    with path.open("rb") as file:
        line = file.readline(_LINE_BYTES)
        while not line.strip(b"\xef\xbb\xbf\r\n") and line:
            line = file.readline(_LINE_BYTES)
        while line.count(quote.encode()) % 2 and (more := file.readline(_LINE_BYTES)):
            line += more
            if len(line) > _LINE_BYTES:
                break
    return line.decode("utf-8-sig", errors="replace").rstrip("\r\n")


def _trimmed(path: Path, lines_above: int, lines_below: int, scratch: Path) -> Path:
    """A copy without the lines above the header and those of the footer."""
    size = path.stat().st_size
    copy = scratch / "trimmed.csv"
    with path.open("rb") as source, copy.open("wb") as target:
        for _ in range(lines_above):
            source.readline()
        start = source.tell()
        _copy_range(source, target, start, _footer_start(source, size, lines_below))
    return copy


def _footer_start(file: BinaryIO, size: int, lines: int) -> int:
    """Where the last `lines` lines begin; a file may end with or without a line end."""
    if not lines:
        return size
    end, block, wanted = size, b"", lines + 1
    while end > 0 and block.rstrip(b"\r\n").count(b"\n") < wanted:
        start = max(0, end - 64 * 1024)
        file.seek(start)
        block = file.read(end - start) + block
        end = start
    kept = block.rstrip(b"\r\n").rsplit(b"\n", lines)
    return end + len(kept[0]) + 1 if len(kept) > lines else 0


def _looks_packed(path: Path) -> bool:
    """Whether polars would take the text for zlib and unpack it."""
    with path.open("rb") as file:
        return file.read(2) in _ZLIB


def _without_gaps(path: Path, structure: Structure, scratch: Path) -> Path:
    gaps = sorted([(bad.start, bad.end) for bad in structure.malformed] + list(structure.blank))
    copy = scratch / "whole.csv"
    with path.open("rb") as source, copy.open("wb") as target:
        position = len(codecs.BOM_UTF8) if source.read(3) == codecs.BOM_UTF8 else 0
        target.write(codecs.BOM_UTF8)
        for start, end in gaps:
            _copy_range(source, target, position, start)
            position = end
        _copy_range(source, target, position, path.stat().st_size)
    return copy


def _copy_range(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    source.seek(start)
    left = end - start
    while left > 0:
        data = source.read(min(left, 1024 * 1024))
        if not data:
            return
        target.write(data)
        left -= len(data)
