"""What zips hold, remembered so that each is opened once.

Belongs here: the one file `bronze/zips.parquet` with the directory of each zip in landing.
Does not belong here: opening zips (unpack.py), which members hold which object (landing.py), which
of them were loaded (ledger.py). The file may be lost: then zips are opened once more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import polars as pl

from orchestration.durable import replace_durably
from orchestration.extracts.places import Entry
from orchestration.extracts.unpack import Member

_SCHEMA = pl.Schema(
    {
        "source": pl.String(),
        "batch_date": pl.Date(),
        "file": pl.String(),
        "bytes": pl.Int64(),
        "modified_ns": pl.Int64(),
        "members": pl.List(pl.String()),
        "problems": pl.List(pl.String()),
    }
)
_Key = tuple[str, date, str, int, int]


class ZipDirectories:
    """The directories of zips by place, size and time: what changed in either is opened anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[_Key, list[Member]] = {}
        self._asked: dict[_Key, list[Member]] = {}
        if path.exists():
            for *key, names, problems in pl.read_parquet(path, glob=False).iter_rows():
                members = [Member(*each) for each in zip(names, problems, strict=True)]
                self._known[tuple(key)] = members

    def members(
        self, source: str, night: date, entry: Entry, read: Callable[[], list[Member]]
    ) -> list[Member]:
        """What a zip holds; `read` is asked if nobody knows. What it raises is not remembered."""
        key = (source, night, entry.name, entry.bytes, entry.modified_ns)
        if key not in self._asked:
            self._asked[key] = self._known[key] if key in self._known else read()
        return self._asked[key]

    def save(self) -> None:
        """Remember the zips that were asked for, and those alone: the others are gone."""
        if self._asked.keys() == self._known.keys():
            return
        rows = [
            (*key, [each.name for each in members], [each.problem for each in members])
            for key, members in self._asked.items()
        ]
        # Who may only look at the home opens the zips again.
        with suppress(PermissionError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._path.parent, delete=False) as file:
                pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(file)
            replace_durably(Path(file.name), self._path)
