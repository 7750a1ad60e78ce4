"""How a text file is written: encoding, delimiter, lines above the header and below the rows.

Belongs here: finding out the options of a CSV file from its first and last bytes.
Does not belong here: reading its rows (samples.py), numbers and dates (numbers.py, dates.py).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.sources.drafting.vocabulary import has_word, rarity, spellings, vocabulary

_HEAD_BYTES, _TAIL_BYTES = 512 * 1024, 64 * 1024
_DELIMITERS = (",", ";", "\t", "|", "^", "`")
_MOST_PREAMBLE, _MOST_ROWS = 30, 300
MOST_FOOTER = 20
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LONGEST_NAME, _MOSTLY = 100, 0.5
_NUMERIC = re.compile(r"^[^A-Za-z]*[0-9][^A-Za-z]*$")

Options = dict[str, Any]


@dataclass(frozen=True)
class _Layout:
    """One way to divide a text into rows."""

    delimiter: str
    width: int
    header_line: int
    score: float


def sniff(path: Path) -> Options:
    """Options of a CSV file that differ from the usual ones."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size = path.stat().st_size
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    encodings = _encodings(head, path)
    options: Options = {} if encodings == ["utf-8"] else {"encoding": encodings}
    text = head.decode(encodings[-1], errors="replace").removeprefix("\ufeff")
    layout = _layout(text, is_whole=size <= _HEAD_BYTES)
    if layout is None:
        return options
    if layout.delimiter != ",":
        options["delimiter"] = layout.delimiter
    if layout.header_line > 1:
        options["header_row"] = layout.header_line
    # UTF-16 has no lines of bytes to count from the end.
    footer = 0 if "utf-16" in encodings[-1] else _footer(tail, encodings[-1], layout)
    return options | ({"skip_footer": footer} if footer else {})


def looks_like_names(cells: list[str]) -> float:
    """How far a row may be the header: 1, and up to 3 for names that CRMs give to columns."""
    known = sum(any(rarity(name) for name in spellings(cell)) for cell in cells)
    return _named_share(cells) + 2 * known / max(len(cells), 1)


def _is_named(cells: list[str]) -> bool:
    return _named_share(cells) > _MOSTLY


def _named_share(cells: list[str]) -> float:
    """Which share of the cells are different texts that may be names."""
    named = {cell.strip() for cell in cells if cell.strip() and not _NUMERIC.match(cell)}
    return len({name for name in named if len(name) <= _LONGEST_NAME}) / max(len(cells), 1)


def _encodings(head: bytes, path: Path) -> list[str]:
    """UTF-8 where the whole file is in it, and else what Windows writes in the west."""
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            return [name]
    if head[1::2].count(0) > len(head) / 5:
        return ["utf-16-le"]
    if head[::2].count(0) > len(head) / 5:
        return ["utf-16-be"]
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while data := file.read(_HEAD_BYTES):
                decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        try:
            head.decode("cp1252")
        except UnicodeDecodeError:
            return ["utf-8", "latin-1"]
        return ["utf-8", "cp1252"]
    return ["utf-8"]


def _layout(text: str, *, is_whole: bool) -> _Layout | None:
    layouts = [_divided(text, delimiter, is_whole=is_whole) for delimiter in _DELIMITERS]
    found = [layout for layout in layouts if layout is not None]
    return max(found, key=lambda layout: layout.score, default=None)


def _divided(text: str, delimiter: str, *, is_whole: bool) -> _Layout | None:
    rows = _rows(text, delimiter, is_whole=is_whole)
    widths = Counter(len(cells) for _, cells in rows if len(cells) > 1)
    if not widths:
        return None
    width = max(widths, key=lambda count: (widths[count], count))
    share = widths[width] / len(rows)
    above = [(line, cells) for line, cells in rows[:_MOST_PREAMBLE] if len(cells) == width]
    if not above:
        return None
    line, cells = next(
        (row for row in above if _is_named(row[1])),
        max(above, key=lambda row: looks_like_names(row[1])),
    )
    # Blank lines above the header are none that must be counted.
    header_line = line if any(number < line for number, _ in rows) else 1
    return _Layout(delimiter, width, header_line, share * width * looks_like_names(cells))


def _rows(text: str, delimiter: str, *, is_whole: bool) -> list[tuple[int, list[str]]]:
    """The line on which each row begins, and its cells; blank lines are none."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, begun = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begun, cells))
            begun = reader.line_num + 1
            if len(rows) > _MOST_ROWS:
                break
        else:
            # The last row of a part of a file may be cut off.
            rows = rows if is_whole else rows[:-1]
    except csv.Error:
        return rows
    return rows


def is_footer(cells: list[str], width: int) -> bool:
    """Whether a last row is a total or a remark, and no row of a table of this width."""
    filled = [cell for cell in cells if cell.strip()]
    is_total = bool(filled) and has_word(filled[0], vocabulary()["totals"])
    if len(cells) == width:
        return is_total and len(filled) <= max(width / 2, 2)
    return len(filled) <= 1 or is_total


def _footer(tail: bytes, encoding: str, layout: _Layout) -> int:
    """How many lines at the end are no rows: totals, remarks, and blank lines among them."""
    lines = tail.decode(encoding, errors="replace").rstrip("\r\n").splitlines()
    below = 0
    for number, line in enumerate(reversed(lines[1:][-MOST_FOOTER:]), start=1):
        if not line.strip():
            continue
        cells = next(csv.reader([line], delimiter=layout.delimiter), [])
        # Half a quoted cell is a line of a row.
        if line.count('"') % 2 or not is_footer(cells, layout.width):
            break
        below = number
    return below
