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
_NEWLINE, _RETURN = ord("\n"), ord("\r")


class UnreadableFileError(Exception):
    """A file that cannot be read as what it should be; the text says where and what to do."""


@dataclass(frozen=True)
class MalformedRecord:
    """A record that cannot be a row of the table, by its place in the file."""

    row_number: int
    start: int
    end: int
    field_count: int
    is_misquoted: bool = False


@dataclass(frozen=True)
class Structure:
    """What one pass over a file found."""

    header: tuple[str, ...]
    record_count: int
    malformed: tuple[MalformedRecord, ...]
    blank: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Records:
    """Records of one chunk: their bytes [start, end), separators, which are blank, which misquoted.

    A misquoted record holds a quote or a carriage return where a well-formed one has none; two
    readers read it in two ways.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    separators: npt.NDArray[np.int64]
    blank: npt.NDArray[np.bool_]
    misquoted: npt.NDArray[np.bool_]

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
    previous: int = _NEWLINE
    is_open_misquoted: bool = False
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
        rows = records.row_numbers(next_row)
        if not header and not records.blank.all():
            first = int(np.argmin(records.blank))
            start, end = int(records.starts[first]), int(records.ends[first])
            header = _read_header(path, start, end, delimiter, quote)
            if records.misquoted[first]:
                raise UnreadableFileError("the header holds a quote or a line end out of place")
        bad = ((records.separators != len(header) - 1) | records.misquoted) & ~records.blank
        malformed.extend(
            MalformedRecord(
                row_number=int(rows[i]),
                start=int(records.starts[i]),
                end=int(records.ends[i]),
                field_count=int(records.separators[i]) + 1,
                is_misquoted=bool(records.misquoted[i]),
            )
            for i in np.flatnonzero(bad)
        )
        blank.extend(
            (int(records.starts[i]), int(records.ends[i])) for i in np.flatnonzero(records.blank)
        )
        next_row = int(rows[-1]) + 1
    for record in malformed:
        if record.is_misquoted and b"\n" in _raw(path, record.start, record.end).rstrip(b"\r\n"):
            raise UnreadableFileError(
                f"row {record.row_number}: a quote near byte {record.start} is out of place, and "
                f"nobody can tell where the rows around it begin: a quote inside a field is not "
                f"doubled, or one was lost"
            )
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
        if file.read(len(_BOM)) == _BOM:
            state.offset = state.record_start = len(_BOM)
        file.seek(state.offset)
        while data := file.read(_CHUNK_BYTES):
            following = (file.read(1) or b"\n")[0]
            file.seek(state.offset + len(data))
            records = _walk_chunk(
                path,
                data,
                state,
                ord(delimiter),
                ord(quote),
                following=following,
                at_end=file.tell() >= size,
            )
            if records is not None:
                yield records
    if state.inside_quotes:
        raise UnreadableFileError(
            f"a quoted field near byte {state.last_quote} is never closed: the file is cut off, "
            f"or a quote inside a field is not doubled"
        )


def _walk_chunk(
    path: Path,
    data: bytes,
    state: _Walk,
    delimiter: int,
    quote: int,
    *,
    following: int,
    at_end: bool,
) -> _Records | None:
    unfinished = len(state.decoder.getstate()[0])
    try:
        state.decoder.decode(data, final=at_end)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"not UTF-8 at byte {state.offset - unfinished + error.start}: name the file's "
            f"encoding in the source file, for example `encoding: latin-1`"
        ) from error
    chars = np.frombuffer(data, dtype=np.uint8)
    quotes = chars == quote
    newlines, separators = chars == _NEWLINE, chars == delimiter
    outside: npt.NDArray[np.bool_] | None = None
    if state.inside_quotes or quotes.any():
        outside = ~(np.bitwise_xor.accumulate(quotes) ^ state.inside_quotes)
        newlines &= outside
        separators &= outside
        if quotes.any():
            state.last_quote = state.offset + int(np.flatnonzero(quotes)[-1])
        state.inside_quotes = not outside[-1]
    wrong = _out_of_place(chars, quotes, outside, state.previous, following, delimiter, quote)
    state.previous = int(chars[-1])
    ends = np.flatnonzero(newlines) + 1
    if at_end and not state.inside_quotes and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    chunk_offset = state.offset
    state.offset += len(data)
    if not len(ends):
        state.open_separators += int(np.count_nonzero(separators))
        state.is_open_misquoted |= bool(len(wrong))
        return None
    counts = np.add.reduceat(separators, np.concatenate(([0], ends[:-1])), dtype=np.int64)
    left_over = int(np.count_nonzero(separators[ends[-1] :]))
    # The last sum runs to the end of the chunk: what follows the last record is the next one's.
    counts[-1] -= left_over
    counts[0] += state.open_separators
    state.open_separators = left_over
    misquoted = np.zeros(len(ends) + 1, dtype=np.bool_)
    misquoted[np.searchsorted(ends, wrong, side="right")] = True
    misquoted[0] |= state.is_open_misquoted
    state.is_open_misquoted = bool(misquoted[-1])
    ends = ends.astype(np.int64) + chunk_offset
    starts = np.concatenate(([state.record_start], ends[:-1]))
    state.record_start = int(ends[-1])
    return _Records(starts, ends, counts, _blank_lines(path, starts, ends), misquoted[:-1])


def _out_of_place(
    chars: npt.NDArray[np.uint8],
    quotes: npt.NDArray[np.bool_],
    outside: npt.NDArray[np.bool_] | None,
    previous: int,
    following: int,
    delimiter: int,
    quote: int,
) -> npt.NDArray[np.intp]:
    """Where a quote neither opens nor closes a field, or a carriage return ends no line.

    Looks at those bytes and their neighbours only: a file has few of them.
    """

    def neighbours(places: npt.NDArray[np.intp], step: int) -> npt.NDArray[np.uint8]:
        found = chars.take(places + step, mode="clip")
        at_edge = places == (0 if step < 0 else len(chars) - 1)
        found[at_edge] = previous if step < 0 else following
        return found

    returns = np.flatnonzero(chars == _RETURN)
    if outside is not None:
        returns = returns[outside[returns]]
    wrong = [returns[neighbours(returns, 1) != _NEWLINE]]
    if outside is not None:
        at = np.flatnonzero(quotes)
        # What a quote leads into: not outside where it opens a field, outside where it closes one.
        opening, closing = at[~outside[at]], at[outside[at]]
        is_border = np.zeros(256, dtype=np.bool_)
        is_border[[delimiter, quote, _NEWLINE]] = True
        wrong.append(opening[~is_border[neighbours(opening, -1)]])
        is_border[_RETURN] = True
        wrong.append(closing[~is_border[neighbours(closing, 1)]])
    return np.concatenate(wrong)


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


def _raw(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _read_header(path: Path, start: int, end: int, delimiter: str, quote: str) -> tuple[str, ...]:
    text = _raw(path, start, end).decode("utf-8").rstrip("\r\n")
    try:
        fields = next(csv.reader([text], delimiter=delimiter, quotechar=quote), [])
    except csv.Error as error:
        raise UnreadableFileError(
            f"the header cannot be read ({error}): lines must end with LF or CRLF"
        ) from error
    names = tuple(name.strip() for name in fields)
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise UnreadableFileError(f"the header names {', '.join(twice)} more than once")
    return tuple(name or f"column_{number}" for number, name in enumerate(names, start=1))
