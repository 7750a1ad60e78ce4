"""The walk over the bytes of a CSV file: its records, chunk by chunk.

Belongs here: where records begin and end by quote parity (RFC 4180), how many separators each has
and what is wrong with it by itself, in bounded memory whatever the file.
Does not belong here: reading (csv_chunks.py), bit arithmetic (csv_bitmaps.py), the header and what
it asks of the other records (csv_structure.py).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from orchestration.extracts.csv_bitmaps import (
    Bitmap,
    Places,
    bitmap,
    counts_between,
    places,
    places_after,
    places_before,
    running_parity,
)
from orchestration.extracts.csv_chunks import Chunk, read_at, read_chunks
from orchestration.extracts.table import NotUtf8Error, UnreadableFileError

MAX_RECORD_BYTES = 64 * 1024 * 1024

_HEAD_BYTES = 4096
_NEWLINE, _RETURN, _NUL = ord("\n"), ord("\r"), 0

# What can be wrong with a record by itself: bits, since one record can have several faults. They
# stand in the order of what says most: one quote out of place makes nonsense of the rest.
_BAD_QUOTE, _BAD_RETURN, _HAS_NUL = 1, 2, 4
_FAULTS = {
    _BAD_QUOTE: "a quote out of place",
    _BAD_RETURN: "a carriage return out of place",
    _HAS_NUL: "a NUL byte",
}


@dataclass(frozen=True)
class Records:
    """Records in the order of the file: bytes [start, end), separators, faults, and lines.

    `inner_newlines` are those inside quotes: a record that has one stands on several lines.
    """

    first_row: int
    starts: Places
    ends: Places
    separators: Places
    faults: npt.NDArray[np.uint8]
    inner_newlines: Places
    is_blank: npt.NDArray[np.bool_]

    def next_row(self) -> int:
        """The row number after the last of them; a blank line takes none of its own."""
        return self.first_row + len(self.ends) - int(np.count_nonzero(self.is_blank))

    def row_numbers(self) -> Places:
        """The row number of each record that is not blank."""
        return self.first_row + np.cumsum(~self.is_blank) - 1

    def fault(self, index: int) -> str:
        """What is wrong with a record by itself, in words; empty if nothing is."""
        return next((words for bit, words in _FAULTS.items() if self.faults[index] & bit), "")


@dataclass
class _Progress:
    """How far the walk has come: the last byte seen, and the record that is still open."""

    delimiter: int
    quote: int
    offset: int
    start: int
    previous: int = _NEWLINE
    is_inside: bool = False
    last_quote: int = 0
    row: int = 1
    separators: int = 0
    inner_newlines: int = 0
    faults: int = 0


@dataclass
class _Marks:
    """What a chunk holds outside quotes, the newlines inside them, and the places of faults."""

    newlines: Bitmap
    separators: Bitmap
    inner_newlines: Bitmap | None
    faults: dict[int, Places]


def walk(file: BinaryIO, delimiter: str, quote: str) -> Iterator[Records]:
    """The records of a UTF-8 file, blank lines among them; the last one may lack its line end.

    The file may be read elsewhere in between. Raises UnreadableFileError when it is not UTF-8, ends
    inside a quoted field, holds a record beyond MAX_RECORD_BYTES, or one with a quote out of place
    that may have swallowed others.
    """
    begin = _begin_of_text(read_at(file, 0, _HEAD_BYTES))
    progress = _Progress(ord(delimiter), ord(quote), offset=begin, start=begin)
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in read_chunks(file, begin, progress.delimiter, progress.quote):
        _check_utf8(decoder, chunk.data, progress.offset)
        records = _records_in(chunk, progress)
        _refuse_unclear(records)
        _refuse_endless(records, progress)
        if len(records.ends):
            yield records
    _check_utf8(decoder, b"", progress.offset, is_end=True)
    if progress.is_inside:
        raise UnreadableFileError(
            f"row {progress.row}: a quoted field near byte {progress.last_quote} is never closed: "
            f"the file is cut off, or a quote inside a field is not doubled"
        )
    if progress.offset > progress.start:
        last = _last_record(progress)
        _refuse_unclear(last)
        yield last


# One chunk ---------------------------------------------------------------------------------------


def _records_in(chunk: Chunk, progress: _Progress) -> Records:
    """The records that end in a chunk; the rest of it is the open record's."""
    data, chars, previous = chunk.data, chunk.chars, progress.previous
    marks = _marks_of(chunk, progress)
    newlines = places(marks.newlines, len(data))
    separators = counts_between(marks.separators, newlines)
    separators[0] += progress.separators
    inner_newlines = np.zeros(len(newlines) + 1, dtype=np.int64)
    if marks.inner_newlines is not None and marks.inner_newlines.any():
        inner_newlines = counts_between(marks.inner_newlines, newlines)
    inner_newlines[0] += progress.inner_newlines
    faults = np.zeros(len(newlines) + 1, dtype=np.uint8)
    faults[0] = progress.faults
    for fault, at in marks.faults.items():
        faults[np.searchsorted(newlines, at)] |= np.uint8(fault)
    ends = newlines + (progress.offset + 1)
    starts = np.concatenate(([progress.start], ends))
    records = Records(
        first_row=progress.row,
        starts=starts[:-1],
        ends=ends,
        separators=separators[:-1],
        faults=faults[:-1],
        inner_newlines=inner_newlines[:-1],
        is_blank=_blank_lines(ends - starts[:-1], newlines, chars, previous),
    )
    progress.offset += len(data)
    progress.start, progress.row = int(starts[-1]), records.next_row()
    progress.separators, progress.faults = int(separators[-1]), int(faults[-1])
    progress.inner_newlines = int(inner_newlines[-1])
    return records


def _marks_of(chunk: Chunk, progress: _Progress) -> _Marks:
    """Mark a chunk, and step with it into quotes or out of them."""
    data, chars, quotes = chunk.data, chunk.chars, chunk.quotes
    previous, was_inside, quote = progress.previous, progress.is_inside, progress.quote
    marks = _Marks(chunk.newlines, chunk.delimiters, None, {})
    returns = None
    if _RETURN in data or previous == _RETURN:
        returns = bitmap(chars == _RETURN)
    if quotes is None and (was_inside or previous == quote):
        quotes = np.zeros_like(chunk.newlines)
    if quotes is not None and returns is None and _are_all_fields_quoted(chunk, quotes, progress):
        progress.is_inside ^= bool(np.bitwise_count(quotes).sum() & 1)
    elif quotes is not None:
        _leave_out_quoted(marks, quotes, returns, progress, len(data))
    if (last := data.rfind(quote)) >= 0:
        progress.last_quote = progress.offset + last
    if returns is not None:
        follows_return = previous == _RETURN and not was_inside
        lone = places_after(returns, starts_set=follows_return) & ~marks.newlines
        _add_fault(marks, _BAD_RETURN, lone, len(data))
    if _NUL in data:
        _add_fault(marks, _HAS_NUL, bitmap(chars == _NUL), len(data))
    progress.previous = data[-1]
    return marks


def _leave_out_quoted(
    marks: _Marks, quotes: Bitmap, returns: Bitmap | None, progress: _Progress, size: int
) -> None:
    """Of all marks, leave those outside quotes, and step into quotes or out of them."""
    inside = running_parity(quotes, starts_odd=progress.is_inside)
    outside = ~inside
    marks.inner_newlines = marks.newlines & inside
    marks.newlines &= outside
    marks.separators &= outside
    if returns is not None:
        returns &= outside
    _add_fault(marks, _BAD_QUOTE, _bad_quotes(marks, quotes, inside, returns, progress), size)
    progress.is_inside = bool(inside[-1] >> np.uint64(63))


def _are_all_fields_quoted(chunk: Chunk, quotes: Bitmap, progress: _Progress) -> bool:
    """Whether all quotes of a chunk stand around whole fields, and all fields in quotes: then none
    holds a border, and every border divides. It is what APIs write, and quickly seen.

    A field that is cut off behind its last quote is not looked into: the answer is no.
    """
    borders = chunk.newlines | chunk.delimiters
    begins_with_border = bool(borders[0] & np.uint64(1))
    follows_border = progress.previous in (_NEWLINE, progress.delimiter)
    if progress.is_inside:
        is_in_step = not begins_with_border
    else:
        is_in_step = follows_border or (begins_with_border and progress.previous == progress.quote)
    if not is_in_step:
        return False
    opening = places_after(borders, starts_set=follows_border and not progress.is_inside)
    closing = places_before(borders)
    return np.array_equal(quotes, opening | closing) and not (opening & closing).any()


def _bad_quotes(
    marks: _Marks, quotes: Bitmap, inside: Bitmap, returns: Bitmap | None, progress: _Progress
) -> Bitmap:
    """Quotes that open a field in its midst, and bytes that go on after a quote has closed one.

    What follows a quote says what it is: inside, it has opened a field. A doubled quote closes the
    field and opens it again.
    """
    borders = marks.newlines | marks.separators | quotes
    follows_border = progress.previous in (_NEWLINE, progress.delimiter, progress.quote)
    opening = quotes & inside
    in_midst = opening & ~places_after(borders, starts_set=follows_border)
    follows_closing = progress.previous == progress.quote and not progress.is_inside
    going_on = places_after(quotes ^ opening, starts_set=follows_closing) & ~borders
    if returns is not None:
        going_on &= ~returns
    return in_midst | going_on


def _add_fault(marks: _Marks, fault: int, where: Bitmap, size: int) -> None:
    if where.any():
        marks.faults[fault] = places(where, size)


def _blank_lines(
    lengths: Places, newlines: Places, chars: npt.NDArray[np.uint8], previous: int
) -> npt.NDArray[np.bool_]:
    is_blank: npt.NDArray[np.bool_] = lengths == len(b"\n")
    pairs = np.flatnonzero(lengths == len(b"\r\n"))
    if len(pairs):
        firsts = chars[newlines[pairs] - 1]
        if newlines[pairs[0]] == 0:
            firsts[0] = previous
        is_blank[pairs] = firsts == _RETURN
    return is_blank


def _last_record(progress: _Progress) -> Records:
    """The record that the file ends in without a line end."""
    length = progress.offset - progress.start
    return Records(
        first_row=progress.row,
        starts=np.array([progress.start]),
        ends=np.array([progress.offset]),
        separators=np.array([progress.separators]),
        faults=np.array([progress.faults], dtype=np.uint8),
        inner_newlines=np.array([progress.inner_newlines]),
        is_blank=np.array([length == 1 and progress.previous == _RETURN]),
    )


# What is refused ---------------------------------------------------------------------------------


def _begin_of_text(head: bytes) -> int:
    """The byte at which the text begins: behind a byte order mark."""
    line = head.partition(b"\n")[0]
    even_are_nul, odd_are_nul = (
        len(line) > 1 and not half.strip(b"\0") for half in (line[::2], line[1::2])
    )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or even_are_nul != odd_are_nul:
        has_mark = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        name = "utf-16" if has_mark else "utf-16-be" if even_are_nul else "utf-16-le"
        raise NotUtf8Error(
            f"the file is UTF-16 and not UTF-8: say `encoding: {name}` in the source file"
        )
    return len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0


def _check_utf8(
    decoder: codecs.IncrementalDecoder,
    data: bytes | bytearray,
    offset: int,
    *,
    is_end: bool = False,
) -> None:
    unfinished = len(decoder.getstate()[0])
    if data.isascii() and not unfinished:
        return
    try:
        decoder.decode(data, final=is_end)
    except UnicodeDecodeError as error:
        raise NotUtf8Error(
            f"not UTF-8 at byte {offset - unfinished + error.start}: name the file's "
            f"encoding in the source file, for example `encoding: latin-1`"
        ) from error


def _refuse_unclear(records: Records) -> None:
    """Refuse a fault in a record of several lines: these may be records that a quote swallowed."""
    is_misquoted = (records.faults & (_BAD_QUOTE | _BAD_RETURN)) != 0
    if not is_misquoted.any():
        return
    for i in np.flatnonzero(is_misquoted & (records.inner_newlines > 0))[:1].tolist():
        raise UnreadableFileError(
            f"row {records.row_numbers()[i]}: {records.fault(i)} near byte {records.starts[i]}, "
            f"and nobody can tell where the rows around it begin: a quote inside a field is not "
            f"doubled, or one was lost"
        )


def _refuse_endless(records: Records, progress: _Progress) -> None:
    row, start, length = progress.row, progress.start, progress.offset - progress.start
    for i in np.flatnonzero(records.ends - records.starts > MAX_RECORD_BYTES)[:1]:
        row, start = int(records.row_numbers()[i]), int(records.starts[i])
        length = int(records.ends[i]) - start
    if length > MAX_RECORD_BYTES:
        raise UnreadableFileError(
            f"row {row}, which begins at byte {start}, is longer than {MAX_RECORD_BYTES:,} bytes: "
            f"a quote is never closed, or the lines do not end with LF or CRLF"
        )
