"""What stands in a CSV file: its header, how many records, which of them are malformed.

Belongs here: what the header asks of the records that the walk finds, and their raw text. It knows
nothing of values, so its count of records is a second witness beside the CSV reader's: rows read =
rows accepted + rows quarantined is asserted against it.
Does not belong here: where records begin and end (csv_walk.py), values (csv_text.py), contracts
(bronze/).

Row numbers are those a spreadsheet shows: the header is row 1, the first record row 2.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from orchestration.extracts.csv_chunks import read_at
from orchestration.extracts.csv_walk import Records, walk
from orchestration.extracts.table import UnreadableFileError, free_name

MAX_COLUMNS = 5_000
# Each of them is kept in memory; so many are not single rows gone wrong.
MAX_MALFORMED = 1_000_000


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    """A record that cannot be a row of the table: its place in the file, and why, in words."""

    row_number: int
    start: int
    end: int
    field_count: int
    reason: str


@dataclass(frozen=True)
class Structure:
    """What one pass over a file found; `blank` holds the bytes [start, end) of blank lines.

    Blank lines that follow one another stand in it as one.
    """

    header: tuple[str, ...]
    record_count: int
    malformed: tuple[MalformedRecord, ...]
    blank: tuple[tuple[int, int], ...]


def read_structure(path: Path, *, delimiter: str, quote: str) -> Structure:
    """Walk over a UTF-8 file once.

    Raises UnreadableFileError when the file is empty, names a column twice, passes a limit, or
    cannot be walked over (csv_walk.walk).
    """
    header: tuple[str, ...] = ()
    next_row = 1
    malformed: list[MalformedRecord] = []
    blank: list[tuple[int, int]] = []
    with path.open("rb") as file:
        for records in walk(file, delimiter, quote):
            if not header and not records.is_blank.all():
                header = _read_header(file, records, delimiter, quote)
            malformed.extend(_malformed(records, len(header)))
            _refuse_many(malformed)
            _add_blank(blank, records)
            next_row = records.next_row()
    if not header:
        raise UnreadableFileError(
            "the file is empty: not even a header stands in it; export it again"
        )
    return Structure(header, next_row - 2, tuple(malformed), tuple(blank))


def raw_records(
    path: Path, row_numbers: Iterable[int], *, delimiter: str, quote: str
) -> dict[int, str]:
    """The raw text of some records, by row number, as it stands in the file."""
    wanted = np.array(sorted(set(row_numbers)), dtype=np.int64)
    texts: dict[int, str] = {}
    if not len(wanted):
        return texts
    with path.open("rb") as file:
        for records in walk(file, delimiter, quote):
            first, next_row = records.first_row, records.next_row()
            here = wanted[np.searchsorted(wanted, first) : np.searchsorted(wanted, next_row)]
            index = np.flatnonzero(~records.is_blank)[here - first]
            for row, i in zip(here.tolist(), index.tolist(), strict=True):
                texts[row] = _text_of(file, records, i)
            if next_row > wanted[-1]:
                break
    return texts


def _text_of(file: BinaryIO, records: Records, index: int) -> str:
    start, end = int(records.starts[index]), int(records.ends[index])
    return read_at(file, start, end - start).decode("utf-8", errors="replace").rstrip("\r\n")


def _read_header(file: BinaryIO, records: Records, delimiter: str, quote: str) -> tuple[str, ...]:
    first = int(np.argmin(records.is_blank))
    if fault := records.fault(first):
        raise UnreadableFileError(
            f"the header holds {fault}: lines must end with LF or CRLF, names may be quoted as a "
            f"whole, and a file in UTF-16 needs `encoding: utf-16` in the source file"
        )
    width = int(records.separators[first]) + 1
    if width > MAX_COLUMNS:
        raise UnreadableFileError(
            f"the header has {width:,} columns, and no more than {MAX_COLUMNS:,} are read: is the "
            f"first line a header, and does it end with LF or CRLF?"
        )
    text = _text_of(file, records, first)
    try:
        fields = next(csv.reader([text], delimiter=delimiter, quotechar=quote), [])
    except csv.Error as error:
        raise UnreadableFileError(f"the header cannot be read: {error}") from error
    names = tuple(name.strip() for name in fields)
    twice = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if twice:
        raise UnreadableFileError(f"the header names {', '.join(twice)} more than once: rename one")
    return tuple(
        name or free_name(f"column_{number}", names) for number, name in enumerate(names, start=1)
    )


def _malformed(records: Records, width: int) -> Iterator[MalformedRecord]:
    has_fault = records.faults != 0
    is_bad = ((records.separators != width - 1) | has_fault) & ~records.is_blank
    if not is_bad.any():
        return
    rows = records.row_numbers()
    for i in np.flatnonzero(is_bad).tolist():
        count = int(records.separators[i]) + 1
        yield MalformedRecord(
            row_number=int(rows[i]),
            start=int(records.starts[i]),
            end=int(records.ends[i]),
            field_count=count,
            reason=records.fault(i) or f"{count} fields where the header has {width}",
        )


def _refuse_many(malformed: list[MalformedRecord]) -> None:
    if len(malformed) > MAX_MALFORMED:
        first = malformed[0]
        raise UnreadableFileError(
            f"more than {MAX_MALFORMED:,} rows are malformed, the first of them row "
            f"{first.row_number} ({first.reason}): is it the right delimiter and quote?"
        )


def _add_blank(blank: list[tuple[int, int]], records: Records) -> None:
    """Add the blank lines, each run of them as one; a run may have begun in the chunk before."""
    at = np.flatnonzero(records.is_blank)
    if not len(at):
        return
    starts, ends = records.starts[at], records.ends[at]
    goes_on = starts[1:] == ends[:-1]
    firsts, lasts = np.append(True, ~goes_on), np.append(~goes_on, True)
    runs = list(zip(starts[firsts].tolist(), ends[lasts].tolist(), strict=True))
    if blank and blank[-1][1] == runs[0][0]:
        runs[0] = (blank.pop()[0], runs[0][1])
    blank.extend(runs)
