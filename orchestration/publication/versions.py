"""Published versions: which there are, which one readers see, and the way back.

Belongs here: version names, the symlink, and the memory of publications.
Does not belong here: making a version (promote.py).

A version is named `<as-of date>-<number>`: the night it shows, and the how-manieth publication of
that night it is. Readers open the symlink: DuckDB resolves it before it looks into its cache of
open files, so a process that holds the old version still gets the new one on a new connection.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from orchestration.durable import replacing, switch_link
from orchestration.faults import HelpNeededError
from orchestration.publication.whole import damage_of
from orchestration.settings import Settings

# Why the first version of all was built from bronze.
NOTHING_TO_COPY = "nothing is published yet"
_NAME = re.compile(r"flywheel\.(?P<version>\d{4}-\d{2}-\d{2}-\d{3})\.duckdb")

SCHEMA = pl.Schema(
    {
        "version": pl.String(),
        "run_id": pl.String(),
        "as_of_date": pl.Date(),
        "published_at": pl.Datetime("us"),
        "table_count": pl.Int64(),
        "row_count": pl.Int64(),
        "check_count": pl.Int64(),
        "warning_count": pl.Int64(),
        "outcome": pl.String(),
        "fingerprint": pl.String(),
        "rolled_back_at": pl.Datetime("us"),
        "rebuilt_because": pl.String(),
    }
)


class MemoryDamagedError(HelpNeededError):
    """The memory of publications cannot be read; the next night makes it anew."""


class NoSuchVersionError(Exception):
    """There is no such version to go back to; the text lists those there are."""


@dataclass(frozen=True)
class Publication:
    """One published version. Instants are UTC.

    `rebuilt_because` says why everything was built anew from bronze; a night that worked on what
    changed has none.
    """

    version: str
    run_id: str
    as_of_date: date
    published_at: datetime
    table_count: int
    row_count: int
    check_count: int
    warning_count: int
    outcome: str
    fingerprint: str
    rolled_back_at: datetime | None
    rebuilt_because: str | None = None

    def age(self, at: datetime, business_time_zone: str) -> timedelta:
        """Time since the beginning of its day in the company's zone; `at` has a time zone."""
        return at - datetime.combine(self.as_of_date, time(), ZoneInfo(business_time_zone))


def version_path(settings: Settings, version: str) -> Path:
    """The file of a version."""
    return settings.warehouse / f"flywheel.{version}.duckdb"


def current_version(settings: Settings) -> str | None:
    """The version that readers see."""
    if not settings.published.is_symlink():
        return None
    match = _NAME.fullmatch(settings.published.readlink().name)
    return match["version"] if match else None


def kept_versions(settings: Settings) -> list[str]:
    """The versions whose files are there, in order of publication."""
    there = version_files(settings)
    return [entry.version for entry in publications(settings) if entry.version in there]


def why_unseen(settings: Settings) -> str | None:
    """Why readers see no version, and what to do; None where they see one or nothing was published
    yet.
    """
    shown, there = current_version(settings), version_files(settings)
    if shown in there:
        return None
    if shown is not None:
        what = f"leads to {version_path(settings, shown)}, which is gone"
    elif settings.published.exists():
        what = "is no link to a version"
    elif there:
        what = "is gone"
    else:
        return None
    return f"{settings.published} {what}: run `flywheel nightly`, which lets readers see a version"


def kept_version(settings: Settings, version: str | None) -> str:
    """The version of that name; without one, the version that readers see.

    Raises NoSuchVersionError with what to do, and MemoryDamagedError.
    """
    kept = kept_versions(settings)
    if not kept and version_files(settings):
        raise MemoryDamagedError(
            f"{_memory(settings)} is gone: run `flywheel nightly`, which makes it anew from what "
            f"the versions say"
        )
    if version is None:
        if unseen := why_unseen(settings):
            raise NoSuchVersionError(unseen)
        version = current_version(settings)
    if version is None:
        raise NoSuchVersionError("nothing is published yet: run `flywheel nightly`")
    if version not in kept:
        raise NoSuchVersionError(
            f"there is no version {version}; kept: {', '.join(kept) or 'none'}"
        )
    return version


def next_version(settings: Settings, as_of: date) -> str:
    """A name that no version bore before."""
    taken = {entry.version for entry in publications(settings)} | version_files(settings)
    number = 1
    while f"{as_of.isoformat()}-{number:03d}" in taken:
        number += 1
    return f"{as_of.isoformat()}-{number:03d}"


def publications(settings: Settings) -> list[Publication]:
    """Every publication there ever was, oldest first. Raises MemoryDamagedError, and
    HelpNeededError where a person has to make room for the memory first.
    """
    path = _memory(settings)
    if not path.exists():
        return []
    if path.is_dir():
        raise HelpNeededError(
            f"{path} is a folder, where a file has to stand: move it aside and run `flywheel "
            f"nightly`, which makes the file anew from what the versions say"
        )
    try:
        rows = pl.read_parquet(path, glob=False).iter_rows(named=True)
        return [Publication(**row) for row in rows]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError) as fault:
        raise MemoryDamagedError(
            f"{path} cannot be read ({str(fault).splitlines()[0]}): run `flywheel nightly`, which "
            f"makes it anew from what the versions say. Readers still see the last version"
        ) from fault


def remember(settings: Settings, entries: list[Publication]) -> None:
    """Write the memory of publications anew."""
    with replacing(_memory(settings)) as temporary:
        pl.DataFrame([asdict(entry) for entry in entries], schema=SCHEMA).write_parquet(temporary)


def point_to(settings: Settings, version: str) -> None:
    """Switch the symlink; readers see the old version or the new one, never none."""
    switch_link(settings.published, version_path(settings, version))


def roll_back(settings: Settings, version: str | None = None) -> str:
    """Show readers an older version: the named one, or the newest before the current that was not
    rolled back itself. One that is damaged is none to go back to.

    Raises NoSuchVersionError when there is none such.
    """
    kept, current = kept_versions(settings), current_version(settings)
    if not kept:
        raise NoSuchVersionError(
            "there is no version to go back to, for none is published yet: run `flywheel nightly`"
        )
    if version is None:
        bad = {entry.version for entry in publications(settings) if entry.rolled_back_at}
        older = kept[: kept.index(current)] if current in kept else []
        older = [each for each in older if each not in bad]
        whole = [each for each in older if damage_of(version_path(settings, each)) is None]
        if not whole:
            raise NoSuchVersionError(
                f"there is no version before {current}{' that can be read' if older else ''}; "
                f"kept: {', '.join(kept) or 'none'}"
            )
        version = whole[-1]
    if version not in kept:
        raise NoSuchVersionError(
            f"there is no version {version}; kept: {', '.join(kept) or 'none'}"
        )
    damage = damage_of(version_path(settings, version))
    if damage is not None:
        raise NoSuchVersionError(
            f"version {version} cannot be read: {damage}; readers still see {current}"
        )
    point_to(settings, version)
    remember(settings, marked(publications(settings), version))
    return version


def marked(entries: list[Publication], shown: str) -> list[Publication]:
    """The memory, as it must be while readers see a version: all after it are rolled back."""
    now = datetime.now(UTC).replace(tzinfo=None)
    place = [entry.version for entry in entries].index(shown)
    return [
        *entries[:place],
        replace(entries[place], rolled_back_at=None),
        *(
            replace(each, rolled_back_at=each.rolled_back_at or now)
            for each in entries[place + 1 :]
        ),
    ]


def prune(settings: Settings) -> list[str]:
    """Remove all but the newest `keep_versions` files, never the current one.

    A file that no publication tells of goes too: had it been whole, it would be one
    (interrupted.py).
    """
    kept, current = kept_versions(settings), current_version(settings)
    unknown = sorted(version_files(settings) - set(kept))
    surplus = [*unknown, *kept[: -settings.keep_versions]]
    removed = [version for version in surplus if version != current]
    for version in removed:
        version_path(settings, version).unlink()
    return removed


def version_files(settings: Settings) -> set[str]:
    """The versions whose files are there, remembered or not."""
    return {
        match["version"]
        for path in settings.warehouse.glob("flywheel.*.duckdb")
        if (match := _NAME.fullmatch(path.name))
    }


def _memory(settings: Settings) -> Path:
    return settings.operations / "publication.parquet"
