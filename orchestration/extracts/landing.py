"""The landing place: which nights each source dropped, and which of them are complete.

Belongs here: finding files by name, opening zips for their members, and telling a finished night
from one still being written. Does not belong here: what is inside a file, or whether it was loaded
before (ledger.py), how a folder or a bucket is listed (places.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import BinaryIO

from orchestration.extracts.places import Entry, Place, local_entry
from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.unpack import plain_name, zip_members
from orchestration.sources.catalog import Source
from orchestration.sources.contract import Contract

FIRST_NIGHT = date(2010, 1, 1)
SUCCESS = "_SUCCESS"
_ZIP = ".zip"


@dataclass(frozen=True)
class LandedFile:
    """One file of one night that holds one object of one source.

    `fetch` gives a path of this machine, `open` the bytes wherever they stand; `member` names a
    file within a zip; `problem` says why the file must not be opened at all; `reload_of` is the
    load whose quarantined rows the file repeats.
    """

    contract: Contract
    night: date
    entry: Entry
    fetch: Callable[[Path], Path]
    open: Callable[[], AbstractContextManager[BinaryIO]]
    member: str | None = None
    problem: str | None = None
    reload_of: str | None = None

    @property
    def name(self) -> str:
        """As it stands in the ledger: `Opportunity.csv`, or `export.zip/Opportunity.csv`."""
        return f"{self.entry.name}/{self.member}" if self.member else self.entry.name

    @property
    def base_name(self) -> str:
        """The name of the file itself, which tells what it is."""
        return self.member or self.entry.name

    @property
    def place(self) -> tuple[str, str, date, str]:
        """Source, object, night and name: a corrected file takes the same place."""
        return self.contract.source, self.contract.object, self.night, self.name


def local_file(contract: Contract, night: date, path: Path) -> LandedFile:
    """A file on this machine, wherever it stands."""
    return LandedFile(contract, night, local_entry(path), lambda _: path, lambda: path.open("rb"))


@dataclass(frozen=True)
class _Found:
    """A file, or a member of a zip."""

    entry: Entry
    member: str | None = None
    problem: str | None = None

    @property
    def name(self) -> str:
        return f"{self.entry.name}/{self.member}" if self.member else self.entry.name

    def is_claimed_by(self, contract: Contract) -> bool:
        """By its name without folders, with or without the ending of a compression; any case."""
        base = (self.member or self.entry.name).rsplit("/", 1)[-1].casefold()
        names = {base, plain_name(base)}
        patterns = [pattern.casefold() for pattern in contract.files]
        return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


class Night:
    """One source's folder of one night. Zips named in `settled` are not opened: none is due."""

    def __init__(self, source: Source, night: date, place: Place) -> None:
        self.source = source
        self.night = night
        self._place = place
        self._entries = place.entries(source.name, night)

    def zips(self) -> list[Entry]:
        """The zips of the night."""
        return [entry for entry in self._entries if entry.name.casefold().endswith(_ZIP)]

    def files(self, settled: Collection[str] = ()) -> list[LandedFile]:
        """The files that hold an object of the source, in order of object and name.

        A zip that cannot be opened, or a night that cannot be listed, stands for the source's first
        object: the night is refused.
        """
        found = self._found(settled)
        contracts = list(self.source.contracts.values())
        return [
            self._landed(contract, each)
            for contract in contracts
            for each in found
            if each.is_claimed_by(contract) or (_hides_files(each) and contract is contracts[0])
        ]

    def unclaimed(self, settled: Collection[str] = ()) -> list[str]:
        """What no object of the source claims, shown so that none goes unseen."""
        return [
            each.name + (f" ({each.problem})" if each.problem else "")
            for each in self._found(settled)
            if not _hides_files(each)
            and not any(each.is_claimed_by(contract) for contract in self.source.contracts.values())
        ]

    def is_complete(self, quiet_minutes: float) -> bool:
        """Whether `_SUCCESS` is there, or nothing changed for `quiet_minutes`."""
        if any(entry.name == SUCCESS for entry in self._entries):
            return True
        stamps = [entry.modified_ns for entry in self._entries]
        newest = max([self._place.changed_ns(self.source.name, self.night), *stamps])
        return time.time() - newest / 1e9 >= quiet_minutes * 60

    def _found(self, settled: Collection[str]) -> list[_Found]:
        found = []
        for entry in self._entries:
            if entry.name in settled or _is_exporters_own(entry.name):
                continue
            if entry.name.casefold().endswith(_ZIP) and entry.problem is None:
                found += self._members(entry)
            else:
                found.append(_Found(entry, problem=entry.problem))
        return found

    def _members(self, entry: Entry) -> list[_Found]:
        try:
            with self._place.open(self.source.name, self.night, entry.name) as file:
                members = zip_members(file)
        except UnreadableFileError as error:
            return [_Found(entry, problem=str(error))]
        return [_Found(entry, member) for member in members if not _is_exporters_own(member)]

    def _landed(self, contract: Contract, found: _Found) -> LandedFile:
        return LandedFile(
            contract=contract,
            night=self.night,
            entry=found.entry,
            fetch=partial(self._place.fetch, self.source.name, self.night, found.entry.name),
            open=partial(self._place.open, self.source.name, self.night, found.entry.name),
            member=found.member,
            problem=found.problem,
        )


def _is_exporters_own(name: str) -> bool:
    """Signals, files half written, and what a Mac packs beside each file of a zip."""
    return name.rpartition("/")[2].startswith((".", "_"))


def _hides_files(found: _Found) -> bool:
    is_zip = found.entry.name.casefold().endswith(_ZIP)
    return found.problem is not None and (is_zip or found.entry.hides_others)


def is_loadable(night: date) -> bool:
    """Whether a folder's day can be a night: a mistyped year must not become the newest night."""
    tomorrow = date.fromtimestamp(time.time()) + timedelta(days=1)
    return FIRST_NIGHT <= night <= tomorrow


def landed_nights(place: Place, sources: Iterable[Source]) -> list[Night]:
    """All nights of all sources, in order of date, then source."""
    nights = [
        Night(source, night, place) for source in sources for night in place.nights(source.name)
    ]
    return sorted(nights, key=lambda night: (night.night, night.source.name))
