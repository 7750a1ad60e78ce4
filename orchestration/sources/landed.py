"""A source file against the newest night that has landed for it.

Belongs here: which files hold which object, and columns that the source file names and a file's
header lacks. Does not belong here: values (bronze/), the source file by itself (check.py).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from orchestration.extracts.landing import LandedFile, Night
from orchestration.extracts.places import Place
from orchestration.extracts.readers import open_table
from orchestration.extracts.table import TextTable, UnreadableFileError, column_around
from orchestration.extracts.unpack import format_of, unpack
from orchestration.privacy.patterns import looks_personal
from orchestration.sources.catalog import Source
from orchestration.sources.contract import Contract
from orchestration.sources.document import Document
from orchestration.sources.drafting.samples import first_part
from orchestration.sources.mistakes import Mistake, listed, nearest

_SHOWN_COLUMNS = 40


@dataclass
class Landed:
    """What the newest night says of a source file: sentences about files, and mistakes."""

    findings: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


def check_landed(source: Source, document: Document, place: Place, most_bytes: int) -> Landed:
    """Compare a source with its newest night; a source without one has nothing to compare.

    `most_bytes` is what a compressed file may unpack to.
    """
    found = Landed()
    nights = place.nights(source.name)
    if not nights:
        return found
    night = Night(source, nights[-1], place)
    files = night.files()
    for file in files:
        with tempfile.TemporaryDirectory(prefix="flywheel-check-") as scratch:
            _compare(file, document, found, most_bytes, Path(scratch))
    held = {file.contract.object for file in files}
    for name, contract in source.contracts.items():
        if name not in held and not contract.is_declared:
            found.mistakes.append(
                document.mistake(
                    ("objects", name, "files"),
                    f"no file of {night.night} holds {name}",
                    "compare the names of the files",
                    is_warning=True,
                )
            )
    found.mistakes += [
        document.mistake(
            ("objects",),
            f"no object reads {name} of {night.night}",
            "name it in the `files` of an object, if it is to be read",
            is_warning=True,
        )
        for name in night.unclaimed()
    ]
    found.mistakes.sort()
    return found


def _compare(
    file: LandedFile, document: Document, found: Landed, most_bytes: int, scratch: Path
) -> None:
    contract = file.contract
    told = f"{file.name} of {file.night}"
    try:
        table = _opened(file, most_bytes, scratch)
    except (UnreadableFileError, pl.exceptions.PolarsError) as error:
        where = ("objects", contract.object, "files")
        found.mistakes.append(document.mistake(where, f"{told} cannot be read: {error}"))
        return
    if not table.header and not table.record_count:
        found.findings.append(
            f"{told} holds no row of {contract.object}: there is nothing to compare"
        )
        return
    missing = list(_missing(contract, table, told, document))
    found.mistakes += [*missing, *_undeclared_persons(contract, table.header, told, document)]
    if not missing:
        found.findings.append(f"{told} holds {contract.object}: every column is there")


def _undeclared_persons(
    contract: Contract, header: tuple[str, ...], told: str, document: Document
) -> Iterator[Mistake]:
    """Columns that nobody named and that are called as if they told of persons."""
    if not contract.keeps_undeclared:
        return
    read = {name.casefold() for column in contract.columns for name in column.headers}
    read |= {name.casefold() for column in contract.columns for name in column.parts}
    for name in header:
        if name.casefold() not in read and looks_personal(name):
            yield document.mistake(
                ("objects", contract.object, "files"),
                f"{told} has `{name}`, which looks like personal data: it is kept in bronze and no "
                "model sees it",
                "to keep it out of bronze too, say `undeclared: drop`",
                is_warning=True,
            )


def _opened(file: LandedFile, most_bytes: int, scratch: Path) -> TextTable:
    if file.problem:
        raise UnreadableFileError(file.problem)
    contract, name = file.contract, file.member or file.entry.name
    path = unpack(file.fetch(scratch), name, contract.options, file.member, scratch, most_bytes)
    if format_of(name, contract.options) == "csv" and (part := first_part(path, scratch)) != path:
        whole = contract.options.model_copy(update={"skip_footer": 0})
        return open_table(part, name, replace(contract, options=whole), scratch)
    return open_table(path, name, contract, scratch)


def _missing(
    contract: Contract, table: TextTable, told: str, document: Document
) -> Iterator[Mistake]:
    there = {name.casefold() for name in table.header}

    def is_there(name: str) -> bool:
        return name.casefold() in there or column_around(name, table.empty) is not None

    for column in contract.columns:
        wanted = [column.headers] if column.headers else [(part,) for part in column.parts]
        for names in wanted:
            if column.is_header_optional or any(map(is_there, names)):
                continue
            near = next(filter(None, (nearest(name, table.header) for name in names)), None)
            has = f"it has {listed(table.header[:_SHOWN_COLUMNS])}"
            yield document.mistake(
                ("objects", contract.object, "columns", column.name),
                f"{told} has no column {' or '.join(f'`{name}`' for name in names)}",
                f"did you mean `{near}`?" if near else has,
            )
