"""Where the records of a CSV file begin and end, and which of them are malformed.

Belongs here: one vectorised pass over the bytes that counts records and separators by quote
parity (RFC 4180). It knows nothing of columns, so its count of records is a second witness beside
the CSV reader's: rows read = rows accepted + rows quarantined is asserted against it.
Does not belong here: values (csv_text.py), contracts (bronze/).

Row numbers are those a spreadsheet shows: the header is row 1, the first record row 2.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

_CHUNK_BYTES = 8 * 1024 * 1024
_BOM = codecs.BOM_UTF8
_NEWLINE = ord("\n")


class UnreadableFileError(Exception):
    """A file that cannot be read as what it should be; the text says where and what to do."""


@dataclass(frozen=True)
class MalformedRecord:
    """A record whose number of fields differs from the header's, by its place in the file."""

    row_number: int
    start: int
    end: int
    field_count: int


@dataclass(frozen=True)
class Structure:
    """What one pass over a file found."""

    header: tuple[str, ...]
    record_count: int
    malformed: tuple[MalformedRecord, ...]
    blank: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Records:
    """Records of one chunk: their bytes [start, end), separators, and which are blank lines."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    separators: npt.NDArray[np.int64]
    blank: npt.NDArray[np.bool_]

    def row_numbers(self, first: int) -> npt.NDArray[np.int64]:
        """Row numbers when the first record bears `first`; a blank line takes none of its own."""
        return first + np.cumsum(~self.blank) - 1


@dataclass
class _Walk:
    """State carried from chunk to chunk."""

    offset: int = 0
    record_start: int = 0
    inside_quotes: bool = False
    open_separators: int = 0
    last_quote: int = 0
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")()
    )


def read_structure(path: Path, *, delimiter: str, quote: str) -> Structure:
    """Walk over a UTF-8 file once.

    Raises UnreadableFileError when the file is empty, is not UTF-8, ends inside a quoted field or
    names a column twice.
    """
    header: tuple[str, ...] = ()
    next_row = 1
    malformed: list[MalformedRecord] = []
    blank: list[tuple[int, int]] = []
    for records in _walk(path, delimiter, quote):
        if not header:
            header = _read_header(path, int(records.ends[0]), delimiter, quote)
        rows = records.row_numbers(next_row)
        bad = (records.separators != len(header) - 1) & ~records.blank
        malformed.extend(
            MalformedRecord(
                row_number=int(rows[i]),
                start=int(records.starts[i]),
                end=int(records.ends[i]),
                field_count=int(records.separators[i]) + 1,
            )
            for i in np.flatnonzero(bad)
        )
        blank.extend(
            (int(records.starts[i]), int(records.ends[i])) for i in np.flatnonzero(records.blank)
        )
        next_row = int(rows[-1]) + 1
    if not header:
        raise UnreadableFileError("the file is empty: not even a header stands in it")
    return Structure(header, next_row - 2, tuple(malformed), tuple(blank))


def raw_records(
    path: Path, row_numbers: Iterable[int], *, delimiter: str, quote: str
) -> dict[int, str]:
    """The raw text of some records, by row number, as it stands in the file."""
    wanted = np.array(sorted(set(row_numbers)), dtype=np.int64)
    texts: dict[int, str] = {}
    next_row = 1
    if not len(wanted):
        return texts
    with path.open("rb") as file:
        for records in _walk(path, delimiter, quote):
            rows = records.row_numbers(next_row)
            for i in np.flatnonzero(np.isin(rows, wanted) & ~records.blank):
                file.seek(int(records.starts[i]))
                raw = file.read(int(records.ends[i] - records.starts[i]))
                texts[int(rows[i])] = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            next_row = int(rows[-1]) + 1
            if next_row > wanted[-1]:
                break
    return texts


def _walk(path: Path, delimiter: str, quote: str) -> Iterator[_Records]:
    state = _Walk()
    size = path.stat().st_size
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            records = _walk_chunk(
                path, data, state, ord(delimiter), ord(quote), at_end=file.tell() >= size
            )
            if records is not None:
                yield records
    if state.inside_quotes:
        raise UnreadableFileError(
            f"a quoted field near byte {state.last_quote} is never closed: the file is cut off, "
            f"or a quote inside a field is not doubled"
        )


def _walk_chunk(
    path: Path, data: bytes, state: _Walk, delimiter: int, quote: int, *, at_end: bool
) -> _Records | None:
    try:
        state.decoder.decode(data, final=at_end)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"not UTF-8 at byte {state.offset + error.start}: name the file's encoding in the "
            f"source file, for example `encoding: latin-1`"
        ) from error
    chars = np.frombuffer(data, dtype=np.uint8)
    quotes = chars == quote
    newlines, separators = chars == _NEWLINE, chars == delimiter
    if state.inside_quotes or quotes.any():
        outside = ~(np.bitwise_xor.accumulate(quotes) ^ state.inside_quotes)
        newlines &= outside
        separators &= outside
        if quotes.any():
            state.last_quote = state.offset + int(np.flatnonzero(quotes)[-1])
        state.inside_quotes = not outside[-1]
    ends = np.flatnonzero(newlines) + 1
    if at_end and not state.inside_quotes and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    chunk_offset = state.offset
    state.offset += len(data)
    if not len(ends):
        state.open_separators += int(np.count_nonzero(separators))
        return None
    counts = np.add.reduceat(separators, np.concatenate(([0], ends[:-1])), dtype=np.int64)
    left_over = int(np.count_nonzero(separators[ends[-1] :]))
    # The last sum runs to the end of the chunk: what follows the last record is the next one's.
    counts[-1] -= left_over
    counts[0] += state.open_separators
    state.open_separators = left_over
    ends = ends.astype(np.int64) + chunk_offset
    starts = np.concatenate(([state.record_start], ends[:-1]))
    state.record_start = int(ends[-1])
    return _Records(starts, ends, counts, _blank_lines(path, starts, ends))


def _blank_lines(
    path: Path, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    blank = ends - starts <= len(b"\r\n")
    short = np.flatnonzero(blank)
    if len(short):
        with path.open("rb") as file:
            for i in short:
                file.seek(int(starts[i]))
                blank[i] = not file.read(int(ends[i] - starts[i])).strip(b"\r\n")
    return blank


def _read_header(path: Path, end: int, delimiter: str, quote: str) -> tuple[str, ...]:
    with path.open("rb") as file:
        text = file.read(end).removeprefix(_BOM).decode("utf-8")
    fields = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, quotechar=quote), [])
    names = tuple(name.strip() for name in fields)
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise UnreadableFileError(f"the header names {', '.join(twice)} more than once")
    return tuple(name or f"column_{number}" for number, name in enumerate(names, start=1))
