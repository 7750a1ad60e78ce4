"""The landing folder: which nights each source dropped, and which of them are complete.

Belongs here: finding files by name and telling a finished night from one still being written.
Does not belong here: what is inside a file, or whether it was loaded before (ledger.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

from orchestration.sources.catalog import Source
from orchestration.sources.contract import Contract

SUCCESS = "_SUCCESS"


@dataclass(frozen=True)
class LandedFile:
    """One file of one night that holds one object of one source."""

    contract: Contract
    night: date
    path: Path


@dataclass(frozen=True)
class Night:
    """One source's folder of one night."""

    source: Source
    night: date
    folder: Path

    def files(self) -> list[LandedFile]:
        """The files that hold an object of the source, in order of object and name."""
        names = sorted(path.name for path in self.folder.iterdir() if path.is_file())
        return [
            LandedFile(contract=contract, night=self.night, path=self.folder / name)
            for contract in self.source.contracts.values()
            for pattern in contract.files
            for name in names
            if fnmatch(name, pattern)
        ]

    def unclaimed(self) -> list[str]:
        """Names of files that no object of the source claims; shown, so that none goes unseen."""
        claimed = {file.path.name for file in self.files()}
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if path.is_file() and path.name not in claimed and not path.name.startswith((".", "_"))
        )

    def is_complete(self, quiet_minutes: float) -> bool:
        """Whether `_SUCCESS` is there, or nothing changed for `quiet_minutes`."""
        if (self.folder / SUCCESS).exists():
            return True
        stamps = [path.stat().st_mtime for path in (self.folder, *self.folder.iterdir())]
        return time.time() - max(stamps) >= quiet_minutes * 60


def landed_nights(landing: Path, sources: Iterable[Source]) -> list[Night]:
    """All nights of all sources below `landing`, in order of date, then source."""
    nights = []
    for source in sources:
        folder = landing / source.name
        if not folder.is_dir():
            continue
        for child in folder.iterdir():
            night = _as_date(child.name)
            if night is not None and child.is_dir():
                nights.append(Night(source=source, night=night, folder=child))
    return sorted(nights, key=lambda night: (night.night, night.source.name))


def _as_date(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
