"""The landing place: which nights each source dropped, and which of them are complete.

Belongs here: finding files by name, opening zips for their members, and telling a finished night
from one still being written. Does not belong here: what is inside a file, or whether it was loaded
before (ledger.py), how a folder or a bucket is listed (places.py).
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import translate
from functools import cache, cached_property, partial
from pathlib import Path
from typing import BinaryIO

from orchestration.extracts.archives import ZipDirectories
from orchestration.extracts.places import Entry, Place, local_entry
from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.unpack import Member, base_name, plain_name, zip_directory
from orchestration.sources.catalog import Source
from orchestration.sources.contract import Contract

FIRST_NIGHT = date(2010, 1, 1)
SUCCESS = "_SUCCESS"
_ZIP = ".zip"
# A weekly export packs attachments by the thousand beside its tables.
_NAMED_MEMBERS = 5


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
        return self.entry.name if self.member is None else f"{self.entry.name}/{self.member}"

    def is_named_like(self, patterns: tuple[str, ...]) -> bool:
        """By its name without folders, with or without the ending of a compression; any case."""
        base = _in_any_spelling(self.entry.name if self.member is None else base_name(self.member))
        matches = _pattern(patterns).match
        return bool(matches(base) or matches(plain_name(base)))

    @property
    def hides_files(self) -> bool:
        """Whether files may stand in it that nobody can see."""
        is_zip = self.entry.name.casefold().endswith(_ZIP) and self.member is None
        return self.problem is not None and (is_zip or self.entry.hides_others)


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """A name that is the pattern as it stands is meant too: `Deals [all].csv`."""
    spelled = [_in_any_spelling(pattern) for pattern in patterns]
    meant = [each for one in spelled for each in (translate(one), rf"{re.escape(one)}\Z")]
    return re.compile("|".join(meant) or r"(?!)")


def _in_any_spelling(name: str) -> str:
    """A name in any case, its accents in the letters or behind them, as Macs write them."""
    return unicodedata.normalize("NFC", name).casefold()


class Night:
    """One source's folder of one night. Zips that `directories` knows are not opened."""

    def __init__(
        self, source: Source, night: date, place: Place, directories: ZipDirectories | None = None
    ) -> None:
        self.source = source
        self.night = night
        self._place = place
        self._entries = place.entries(source.name, night)
        self._directories = directories

    def files(self) -> list[LandedFile]:
        """The files that hold an object of the source, in order of object and name.

        A zip that cannot be opened, or a night that cannot be listed, stands for the source's first
        object: the night is refused.
        """
        contracts = list(self.source.contracts.values())
        return [
            self._landed(contract, each)
            for contract in contracts
            for each in self._found
            if (each in self._claimed and each.is_named_like(contract.files))
            or (each.hides_files and contract is contracts[0])
        ]

    def unclaimed(self) -> list[str]:
        """What no object of the source claims, shown so that none goes unseen."""
        unclaimed = [
            each for each in self._found if each not in self._claimed and not each.hides_files
        ]
        shown: list[str] = []
        members: dict[str, int] = defaultdict(int)
        for each in unclaimed:
            members[each.entry.name] += each.member is not None
            if members[each.entry.name] <= _NAMED_MEMBERS:
                shown.append(each.name + (f" ({each.problem})" if each.problem else ""))
        more = {name: count - _NAMED_MEMBERS for name, count in members.items()}
        return shown + [
            f"{name}/… ({count:,} more members)" for name, count in more.items() if count > 0
        ]

    def is_complete(self, quiet_minutes: float) -> bool:
        """Whether `_SUCCESS` is there, or nothing changed for `quiet_minutes`."""
        if any(entry.name == SUCCESS for entry in self._entries):
            return True
        stamps = [entry.modified_ns for entry in self._entries]
        newest = max([self._place.changed_ns(self.source.name, self.night), *stamps])
        return time.time() - newest / 1e9 >= quiet_minutes * 60

    @cached_property
    def _found(self) -> list[_Found]:
        found = []
        for entry in self._entries:
            if _is_exporters_own(entry.name):
                continue
            if entry.name.casefold().endswith(_ZIP) and entry.problem is None:
                found += self._members(entry)
            else:
                found.append(_Found(entry, problem=entry.problem))
        return found

    @cached_property
    def _claimed(self) -> set[_Found]:
        """What is named like a file of some object. What a zip must not give is no such file."""
        contracts = self.source.contracts.values()
        patterns = tuple(pattern for contract in contracts for pattern in contract.files)
        return {
            each
            for each in self._found
            if (each.member is None or each.problem is None) and each.is_named_like(patterns)
        }

    def _members(self, entry: Entry) -> list[_Found]:
        try:
            members = (
                self._directory(entry)
                if self._directories is None
                else self._directories.members(
                    self.source.name, self.night, entry, partial(self._directory, entry)
                )
            )
        except UnreadableFileError as error:
            return [_Found(entry, problem=str(error))]
        return [
            _Found(entry, each.name, each.problem)
            for each in members
            if not _is_exporters_own(base_name(each.name))
        ]

    def _directory(self, entry: Entry) -> list[Member]:
        with self._place.open(self.source.name, self.night, entry.name) as file:
            return zip_directory(file)

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
    return name.startswith((".", "_"))


def is_loadable(night: date) -> bool:
    """Whether a folder's day can be a night: a mistyped year must not become the newest night."""
    tomorrow = date.fromtimestamp(time.time()) + timedelta(days=1)
    return FIRST_NIGHT <= night <= tomorrow


def landed_nights(
    place: Place, sources: Iterable[Source], directories: ZipDirectories | None = None
) -> list[Night]:
    """All nights of all sources, in order of date, then source."""
    nights = [
        Night(source, night, place, directories)
        for source in sources
        for night in place.nights(source.name)
    ]
    return sorted(nights, key=lambda night: (night.night, night.source.name))
