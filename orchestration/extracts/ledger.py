"""The load ledger: every file that was ever loaded, with its bytes, its rows and its fate.

Belongs here: the one file `bronze/ledger.parquet`, replaced whole and atomically, and its copy
beside it. It is what makes a file load once, what reconciliation starts from and what
`ops.load_audit` shows. Does not belong here: reading or writing of rows (bronze/).

A load is `loaded` when its rows stand in bronze and no gate has judged them; `accepted` once a
version with them was published; `refused` once a gate refused its night: then its rows are out of
bronze, and the file waits in landing to be corrected or tried again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from itertools import starmap
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.durable import replacing
from orchestration.faults import HelpNeededError

FilePlace = tuple[str, str, date, str]
SCHEMA = pl.Schema(
    {
        "load_id": pl.String(),
        "load_number": pl.Int64(),
        "run_id": pl.String(),
        "source": pl.String(),
        "object": pl.String(),
        "batch_date": pl.Date(),
        "file": pl.String(),
        "bytes": pl.Int64(),
        "modified_ns": pl.Int64(),
        "checksum": pl.String(),
        "extract": pl.String(),
        "contract_version": pl.String(),
        "rows_read": pl.Int64(),
        "rows_accepted": pl.Int64(),
        "rows_quarantined": pl.Int64(),
        "status": pl.String(),
        "error": pl.String(),
        "started_at": pl.Datetime("us"),
        "finished_at": pl.Datetime("us"),
        "is_whole": pl.Boolean(),
        "reload_of": pl.String(),
        "columns": pl.String(),
        "new_columns": pl.String(),
        "missing_columns": pl.String(),
        "is_quarantine_gone": pl.Boolean(),
        "rows_in_doubt": pl.Int64(),
    }
)


@dataclass(frozen=True)
class Load:
    """One line of the ledger: one file read for one object. Instants are UTC.

    `is_whole` tells of a full extract whether records it lacks are deleted; `reload_of` is the
    load whose quarantined rows the file repeats. Columns are those of the file, as JSON lists.
    `is_quarantine_gone` tells of refused rows that are kept no longer, for their age or by a fault.
    `rows_in_doubt` counts refused rows of a full extract without which records that are there would
    look deleted.
    """

    load_id: str
    load_number: int
    run_id: str
    source: str
    object: str
    batch_date: date
    file: str
    bytes: int
    modified_ns: int
    checksum: str
    extract: str
    contract_version: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    status: str
    error: str | None
    started_at: datetime
    finished_at: datetime
    is_whole: bool | None = None
    reload_of: str | None = None
    columns: str | None = None
    new_columns: str | None = None
    missing_columns: str | None = None
    is_quarantine_gone: bool | None = None
    rows_in_doubt: int | None = None

    @property
    def name(self) -> str:
        """`<source>/<object>`."""
        return f"{self.source}/{self.object}"

    @property
    def place(self) -> FilePlace:
        """Source, object, night and file name: a corrected file takes the same place."""
        return self.source, self.object, self.batch_date, self.file

    @property
    def archive(self) -> str | None:
        """The zip that the file is a member of."""
        archive, slash, _ = self.file.partition("/")
        return archive if slash else None


class LedgerDamagedError(HelpNeededError):
    """The ledger cannot be read; the text says what to do."""


class Ledger:
    """The ledger file, read once and written whole on every change."""

    def __init__(self, path: Path) -> None:
        """Read it; where there is none, it is empty.

        Raises LedgerDamagedError when it cannot be read, or is gone and its copy is not.
        """
        self._path = path
        is_there = path.exists() or copy_of(path).exists()
        self._hold(_read(path) if is_there else _written([]))

    def _hold(self, written: pl.DataFrame, loads: list[Load] | None = None) -> None:
        # Lines are added one by one: of all that stand before them nothing is written out anew.
        self._written = written
        self.loads = _loads(written) if loads is None else loads
        self._newest: dict[FilePlace, Load] | None = None

    def known(self, load: Load, checksum: str) -> Load | None:
        """The load that brought in these bytes for the object of another, refused ones left out,
        and those in whose place another file was loaded since: to put them back is a correction.

        A full extract that says the same as an earlier one still says it of its own night. So do
        changes that were changed again in a night in between.
        """
        counting = [
            each
            for each in self.loads
            if each.name == load.name and each.status in ("loaded", "accepted")
        ]
        newest = {each.place: each.load_number for each in counting}
        others = {each.batch_date for each in counting if each.checksum != checksum}

        def says_the_same(each: Load) -> bool:
            if load.extract == "full":
                return each.batch_date == load.batch_date
            first, last = sorted((each.batch_date, load.batch_date))
            return not any(first < night < last for night in others)

        return next(
            (
                each
                for each in counting
                if each.checksum == checksum
                and each.load_number == newest[each.place]
                and says_the_same(each)
            ),
            None,
        )

    def has_size(self, load: Load) -> bool:
        """Whether a file of this object, loaded or accepted, was as many bytes long."""
        return any(
            (each.name, each.bytes) == (load.name, load.bytes)
            for each in self.loads
            if each.status in ("loaded", "accepted")
        )

    def seen(self, place: FilePlace, size: int, modified_ns: int) -> bool:
        """Whether the file that was tried last in this place is this one: in size and time."""
        # A night asks for every file that was ever landed.
        if self._newest is None:
            by_number = sorted(self.loads, key=lambda load: load.load_number)
            self._newest = {load.place: load for load in by_number}
        last = self._newest.get(place)
        return last is not None and (last.bytes, last.modified_ns) == (size, modified_ns)

    def last_accepted(self, name: str) -> Load | None:
        """The newest published load of a landed file of an object that told its columns: a page
        without rows has none, and rows read anew may come in another form.
        """
        landed = [
            load
            for load in self.with_status("accepted")
            if load.name == name and load.reload_of is None
        ]
        newest_first = sorted(landed, key=lambda load: load.load_number, reverse=True)
        return next((load for load in newest_first if json.loads(load.columns or "[]")), None)

    def row_counts(self, name: str, before: date) -> list[int]:
        """Published rows of an object, a night each, of the nights before one, newest first.

        Those of a file that was corrected since count no more.
        """
        published = [load for load in self.with_status("accepted") if load.name == name]
        replaced = self.replaced(published)
        counts: dict[date, int] = {}
        for load in published:
            if load.batch_date < before and load.load_id not in replaced:
                counts[load.batch_date] = counts.get(load.batch_date, 0) + load.rows_accepted
        return [count for _, count in sorted(counts.items(), reverse=True)]

    def replaced(self, by: Iterable[Load]) -> set[str]:
        """The loads whose place a later file took, and those that read rows of theirs anew."""
        newest = {load.place: load.load_number for load in by if load.reload_of is None}
        objects = {(source, object_) for source, object_, _, _ in newest}
        by_id = {load.load_id: load for load in self.loads if (load.source, load.object) in objects}
        firsts = {load_id: _first_of(load, by_id) for load_id, load in by_id.items()}
        return {
            load_id
            for load_id, first in firsts.items()
            if first.load_number < newest.get(first.place, 0)
        }

    def held(self) -> list[Load]:
        """Refused loads whose place no later file has taken: their rows are in no version."""
        judged = [load for load in self.loads if load.status != "refused"]
        taken = {load.place for load in judged}
        # A zip that could not be opened gives way to the members of the one that took its place.
        zips = {(load.source, load.batch_date, load.archive) for load in judged if load.archive}
        return [
            load
            for load in self.with_status("refused")
            if load.place not in taken and (load.source, load.batch_date, load.file) not in zips
        ]

    def copies(self, loads: Iterable[Load]) -> list[Load]:
        """Duplicates of some loads: without these they are duplicates of nothing."""
        bytes_ = {(load.source, load.object, load.checksum) for load in loads}
        return [
            load
            for load in self.with_status("duplicate")
            if (load.source, load.object, load.checksum) in bytes_
        ]

    def of_run(self, run_id: str) -> list[Load]:
        """The loads of one run."""
        return [load for load in self.loads if load.run_id == run_id]

    def with_status(self, status: str) -> list[Load]:
        """The loads that bear a status."""
        return [load for load in self.loads if load.status == status]

    def as_of(self) -> date | None:
        """The newest night that is in bronze: what the marts call today."""
        nights = [load.batch_date for load in self.loads if load.status != "refused"]
        return max(nights, default=None)

    def next_number(self) -> int:
        """The place of the next load in the order of loading."""
        return max((load.load_number for load in self.loads), default=0) + 1

    def add(self, load: Load) -> None:
        """Write one load down; from here on its rows count. An earlier try gives way to it."""
        others = [each for each in self.loads if each.load_id != load.load_id]
        written = self._written.filter(pl.col("load_id") != load.load_id)
        self._write([*others, load], written.vstack(_written([load])))

    def forget(self, load_ids: Iterable[str]) -> None:
        """Strike loads out, as if they had never been tried."""
        gone = set(load_ids)
        self._write([load for load in self.loads if load.load_id not in gone])

    def mark(self, load_ids: Iterable[str], status: str) -> None:
        """Give loads a new status."""
        self.update({load_id: {"status": status} for load_id in load_ids})

    def update(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Change fields of loads, by their ids."""
        self._write([replace(load, **changes.get(load.load_id, {})) for load in self.loads])

    def _write(self, loads: list[Load], written: pl.DataFrame | None = None) -> None:
        written = _written(loads) if written is None else written
        with replacing(self._path) as temporary:
            written.write_parquet(temporary)
        _copy(self._path, copy_of(self._path))
        self._hold(written, loads)


def copy_of(path: Path) -> Path:
    """Where the ledger is written a second time: no other file says what was refused and why."""
    return path.with_name(f"{path.stem}_copy{path.suffix}")


def mend_ledger(path: Path) -> str | None:
    """Restore a lost or damaged ledger from its copy; return what was wrong with it.

    Raises LedgerDamagedError when neither can be read, or when both are gone and rows stand beside
    them: to take these for the rows of no load would throw them away.
    """
    copy = copy_of(path)
    if not path.exists() and not copy.exists():
        if next(path.parent.glob("*/*/batch=*/*.parquet"), None) is None:
            return None
        raise LedgerDamagedError(_lost(path, "it is gone, and so is its copy"))
    try:
        _read(path)
    except LedgerDamagedError as fault:
        try:
            _read(copy)
        except LedgerDamagedError as other:
            raise LedgerDamagedError(_lost(path, "neither it nor its copy can be read")) from other
        _copy(copy, path)
        return str(fault)
    if not copy.exists() or copy.read_bytes() != path.read_bytes():
        _copy(path, copy)
    return None


def _first_of(load: Load, by_id: dict[str, Load]) -> Load:
    """The load of the landed file that rows read anew come from."""
    while load.reload_of in by_id and load.reload_of != load.load_id:
        load = by_id[load.reload_of]
    return load


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, glob=False).match_to_schema(SCHEMA, missing_columns="insert")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, FileNotFoundError) as fault:
        raise LedgerDamagedError(
            f"{path} cannot be read ({str(fault).splitlines()[0]}): run `flywheel nightly`, which "
            f"restores it from {copy_of(path).name}"
        ) from fault


def _loads(written: pl.DataFrame) -> list[Load]:
    names = [field.name for field in fields(Load)]
    return list(starmap(Load, written.select(names).iter_rows()))


def _written(loads: list[Load]) -> pl.DataFrame:
    columns = {name: [getattr(load, name) for load in loads] for name in SCHEMA}
    return pl.DataFrame(columns, schema=SCHEMA)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _lost(path: Path, what: str) -> str:
    return (
        f"{path}: {what}, and without it nobody knows which rows in {path.parent} are published. "
        f"Put it back from a backup; or move {path.parent} aside and run again, and all that "
        f"stands in landing is loaded anew. Readers still see the last version"
    )
