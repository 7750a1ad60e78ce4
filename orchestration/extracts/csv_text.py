"""A CSV file as a lazy frame of text columns, one row a well-formed record.

Belongs here: encodings, malformed records cut out, row numbers as a spreadsheet shows them.
Does not belong here: types and rules (bronze/cast.py), where records end (csv_structure.py).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from orchestration.extracts.csv_structure import Structure, UnreadableFileError, read_structure
from orchestration.sources.model import FileOptions

ROW_NUMBER = "_row_number"
_EXPECTED_UTF8 = {"utf-8", "utf8", "utf-8-sig", "ascii"}


@dataclass(frozen=True)
class TextFile:
    """A file ready to be read: its structure, and its well-formed records as text."""

    path: Path
    structure: Structure
    records: pl.LazyFrame


def open_csv(path: Path, options: FileOptions, scratch: Path) -> TextFile:
    """Open one CSV file.

    `records` has one String column per header name plus `_row_number` (Int64); an empty field is
    NULL. Malformed records are left out of it and listed in `structure.malformed`. `scratch` is a
    folder for copies that the caller throws away.
    Raises UnreadableFileError when the file as a whole cannot be read.
    """
    if options.encoding.lower() not in _EXPECTED_UTF8:
        path = _as_utf8(path, options.encoding, scratch)
    structure = read_structure(path, delimiter=options.delimiter, quote=options.quote)
    if ROW_NUMBER in structure.header:
        raise UnreadableFileError(
            f"the header names `{ROW_NUMBER}`, a name that bronze needs itself"
        )
    readable = path
    if structure.malformed or structure.blank:
        readable = _without_gaps(path, structure, scratch)
    records = pl.scan_csv(
        readable,
        # With a header polars would hold its raw names, quotes and blanks and all, against these.
        has_header=False,
        skip_rows=1,
        raise_if_empty=False,
        glob=False,
        schema=dict.fromkeys(structure.header, pl.String),
        separator=options.delimiter,
        quote_char=options.quote,
        row_index_name=ROW_NUMBER,
        row_index_offset=2,
    ).with_columns(_row_numbers(structure).alias(ROW_NUMBER))
    return TextFile(path=path, structure=structure, records=records)


def _row_numbers(structure: Structure) -> pl.Expr:
    """Row numbers of the file, from those of the file without its malformed records."""
    read = pl.col(ROW_NUMBER).cast(pl.Int64)
    if not structure.malformed:
        return read
    # The i-th malformed row pushes all rows from its own number less i onwards down by one.
    gaps = np.array([bad.row_number for bad in structure.malformed], dtype=np.int64)
    shifted = pl.Series(gaps - np.arange(len(gaps)))
    return read + pl.lit(shifted).search_sorted(read, side="right").cast(pl.Int64)


def _as_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    copy = scratch / f"{path.name}.utf8"
    try:
        with (
            path.open("r", encoding=encoding, newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            shutil.copyfileobj(source, target, length=1024 * 1024)
    except LookupError as error:
        raise UnreadableFileError(f"there is no encoding named {encoding!r}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"not {encoding} at byte {error.start}: name another encoding in the source file"
        ) from error
    return copy


def _without_gaps(path: Path, structure: Structure, scratch: Path) -> Path:
    gaps = sorted([(bad.start, bad.end) for bad in structure.malformed] + list(structure.blank))
    copy = scratch / f"{path.name}.whole"
    with path.open("rb") as source, copy.open("wb") as target:
        position = 0
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
