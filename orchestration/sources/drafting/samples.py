"""Exports opened: each file of a folder as a table of text, or why it is none.

Belongs here: which files are exports, their options, their first rows.
Does not belong here: what the columns mean (mapping.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from orchestration.extracts.places import night_of
from orchestration.extracts.readers import open_table
from orchestration.extracts.table import ROW_NUMBER, UnreadableFileError
from orchestration.extracts.unpack import base_name, format_of, plain_name, unpack, zip_members
from orchestration.extracts.xlsx_container import opened_workbook
from orchestration.sources.drafting.probe import probe_contract
from orchestration.sources.drafting.sniffing import (
    MOST_FOOTER,
    Options,
    is_footer,
    looks_like_names,
    sniff,
)
from orchestration.sources.file_options import FileOptions

# Enough rows to see every stage and every form of a date.
_MOST_ROWS = 200_000
_MOST_BYTES = 64 * 1024 * 1024
_MOST_UNPACKED = 8 * 1024**3
_MOST_LINES_ABOVE = 10
# More columns say no more about whether a line is the header.
_WIDE, _CERTAIN = 8, 8.0
_ENDINGS = {
    *("csv", "txt", "tsv", "tab", "json", "jsonl", "ndjson", "parquet", "pq", "xlsx", "xlsm")
}
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
# Where APIs put the list of records in a page of JSON.
_ROWS = ("data", "results", "value", "records", "items", "deals", "objects")


@dataclass(frozen=True)
class Sample:
    """The first rows of one export, as text columns by the name in the header.

    `sheet` names one of several sheets of a workbook.
    """

    name: str
    options: Options
    rows: pl.DataFrame
    typed: frozenset[str] = frozenset()
    is_whole: bool = True
    malformed_count: int = 0
    sheet: str | None = None

    @property
    def label(self) -> str:
        """How a person would name the sample."""
        return f"{self.name}, sheet {self.sheet}" if self.sheet else self.name

    @property
    def header(self) -> tuple[str, ...]:
        """The columns of the file."""
        return tuple(self.rows.columns)

    @property
    def delimiter(self) -> str:
        """How a CSV file is divided."""
        return str(self.options.get("delimiter", ","))


@dataclass
class Folder:
    """What stands in a folder: samples, and the names of other files with the reason."""

    path: Path
    samples: list[Sample] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


def read_folder(folder: Path, scratch: Path) -> Folder:
    """Open every export of a folder; of a folder of nights, those of the newest night.

    `scratch` is a folder for copies that the caller throws away.
    """
    found = Folder(_newest_night(folder))
    for path, name, member in _files(found):
        place = scratch / "export"
        place.mkdir()
        try:
            found.samples += _samples(path, name, member, place)
        except UnreadableFileError as error:
            found.unread[name] = str(error)
        except pl.exceptions.PolarsError as error:
            found.unread[name] = f"not readable: {str(error).splitlines()[0]}"
        shutil.rmtree(place)
    return found


def _newest_night(folder: Path) -> Path:
    nights = [each for each in folder.iterdir() if each.is_dir() and night_of(each.name)]
    files = [each for each in folder.iterdir() if each.is_file()]
    return max(nights) if nights and not files else folder


def _files(found: Folder) -> Iterator[tuple[Path, str, str | None]]:
    """Path, name and member of each export; everything else becomes `unread`."""
    for path in sorted(found.path.iterdir()):
        if path.name.startswith((".", "_")) or path.is_dir():
            continue
        if path.is_symlink() or not path.is_file():
            found.unread[path.name] = "no file of its own"
            continue
        for name, member in _contents(path, found):
            if not name.isprintable():
                found.unread[name] = "its name cannot stand in a source file: rename it"
            elif plain_name(name).rpartition(".")[2].casefold() not in _ENDINGS:
                found.unread[name] = "its ending is none of an export"
            else:
                yield path, name, member


def _contents(path: Path, found: Folder) -> list[tuple[str, str | None]]:
    """The file itself, or the members of a zip, by the name that a source file knows them by."""
    if path.suffix.casefold() != ".zip":
        return [(path.name, None)]
    try:
        with path.open("rb") as file:
            return [(base_name(member), member) for member in zip_members(file)]
    except UnreadableFileError as error:
        found.unread[path.name] = str(error)
        return []


def _samples(path: Path, name: str, member: str | None, scratch: Path) -> list[Sample]:
    """The tables of a file: one, or one a sheet."""
    packing = _untold_packing(path, name) if member is None else {}
    path = unpack(path, name, FileOptions(**packing), member, scratch, _MOST_UNPACKED)
    tables = _tables(path, name, scratch)
    return [replace(each, options=packing | each.options) for each in tables]


def _untold_packing(path: Path, name: str) -> Options:
    """The compression of a file that its name does not tell."""
    with path.open("rb") as file:
        head = file.read(4)
    known = (packing for magic, packing in _MAGIC.items() if head.startswith(magic))
    packing = next(known, None)
    return {"compression": packing} if packing and plain_name(name) == name else {}


def _tables(path: Path, name: str, scratch: Path) -> list[Sample]:
    match format_of(name, FileOptions()):
        case "csv":
            options = sniff(path)
            part = first_part(path, scratch)
            inside = options if part == path else options | {"skip_footer": 0}
            return [_read(part, name, options, inside, scratch, is_whole=part == path)]
        case "xlsx":
            return _sheets(path, name, scratch)
        case "jsonl":
            is_lines = not plain_name(name).casefold().endswith(".json")
            part = first_part(path, scratch) if is_lines else path
            pages: list[Options] = [{}, *({"rows": each} for each in _ROWS)]
            return [_best(_attempts(part, name, pages, scratch, is_whole=part == path))]
        case _:
            return [_read(path, name, {}, {}, scratch)]


def _sheets(path: Path, name: str, scratch: Path) -> list[Sample]:
    """Every visible sheet that is a table, the names of its columns in one of the first rows."""
    with opened_workbook(path) as workbook:
        visible = [sheet.name for sheet in workbook.sheets() if sheet.is_visible]
    samples: list[Sample] = []
    refusals = []
    for sheet in visible:
        named: Options = {"sheet": sheet} if len(visible) > 1 else {}
        rows = range(2, _MOST_LINES_ABOVE + 1)
        options = [named, *(named | {"header_row": row} for row in rows)]
        try:
            best = _trimmed(_best(_attempts(path, name, options, scratch)))
            samples.append(replace(best, sheet=named.get("sheet")))
        except UnreadableFileError as error:
            refusals.append(error)
    if not samples and refusals:
        raise refusals[0]
    return samples


def _attempts(
    path: Path, name: str, options: list[Options], scratch: Path, *, is_whole: bool = True
) -> Iterator[Sample]:
    """The file read by one set of options after another; the first refusal if by none."""
    refusals, some = [], False
    for each in options:
        try:
            yield _read(path, name, each, each, scratch, is_whole=is_whole)
            some = True
        except UnreadableFileError as error:
            refusals.append(error)
    if not some:
        raise refusals[0]


def _trimmed(sample: Sample) -> Sample:
    """A sheet without the totals and remarks below its rows."""
    below = 0
    last = sample.rows.tail(MOST_FOOTER).rows() if sample.is_whole else []
    for number, cells in enumerate(reversed(last), start=1):
        if not is_footer([cell or "" for cell in cells], sample.rows.width):
            break
        below = number
    if not below or sample.rows.width < 2:
        return sample
    rows = sample.rows.head(len(sample.rows) - below)
    return replace(sample, rows=rows, options=sample.options | {"skip_footer": below})


def _best(samples: Iterator[Sample]) -> Sample:
    """The first with a header that CRMs write, or else the likeliest."""
    found: list[Sample] = []
    for sample in samples:
        found.append(sample)
        if _named(sample) > _CERTAIN:
            return sample
    return max(found, key=_named)


def _named(sample: Sample) -> float:
    return looks_like_names(list(sample.header)) * min(len(sample.header), _WIDE)


def _read(
    path: Path,
    name: str,
    options: Options,
    inside: Options,
    scratch: Path,
    *,
    is_whole: bool = True,
) -> Sample:
    table = open_table(path, name, probe_contract(FileOptions(**inside)), scratch)
    rows = table.records.head(_MOST_ROWS).collect().drop(ROW_NUMBER)
    return Sample(
        name=plain_name(name),
        options=options,
        rows=rows,
        typed=table.typed,
        is_whole=is_whole and table.record_count <= _MOST_ROWS,
        malformed_count=len(table.malformed),
    )


def first_part(path: Path, scratch: Path) -> Path:
    """A text file, or a copy of its first lines where it is long."""
    if path.stat().st_size <= _MOST_BYTES:
        return path
    with path.open("rb") as file:
        head = file.read(_MOST_BYTES)
    part = scratch / "part.csv"
    part.write_bytes(head[: head.rfind(b"\n") + 1])
    return part
