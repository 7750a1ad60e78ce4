"""What an interrupted publication or rollback began, brought to its end.

Belongs here: the steps after the rename that makes a candidate a version, and finding out, at the
next start, which of them are missing. Does not belong here: the steps before it (promote.py),
loads that no version holds (bronze/night.py).

A version is published by the rename that gives its file a version's name: it was gated and sealed
before, and says itself, in `ops.publication`, what it is. All that follows may be done twice, so a
run that finds it half done does it, and the same night is not published again.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from orchestration.bronze.night import accept
from orchestration.publication.versions import (
    MemoryDamagedError,
    Publication,
    current_version,
    kept_versions,
    marked,
    point_to,
    prune,
    publications,
    remember,
    version_files,
    version_path,
)
from orchestration.settings import Settings


def complete(
    settings: Settings, publication: Publication, load_ids: Container[str] | None = None
) -> None:
    """Show a version whose file is in its place, accept its loads and remember it.

    `load_ids` are the loads it holds, if not all that are unjudged.
    """
    if current_version(settings) != publication.version:
        point_to(settings, publication.version)
    accept(settings, load_ids)
    entries = publications(settings)
    if publication.version not in [entry.version for entry in entries]:
        remember(settings, [*entries, publication])


def settle(settings: Settings) -> list[Publication]:
    """Complete what was begun; return the publications that were.

    To be called before anything is loaded, built or rolled back.
    """
    if _memory_is_lost(settings):
        _recollect(settings)
    known = {entry.version for entry in publications(settings)}
    begun = [_sealed(settings, version) for version in version_files(settings) - known]
    completed = sorted(
        (entry for entry in begun if entry is not None), key=lambda entry: entry.published_at
    )
    for publication in completed:
        complete(settings, publication, _loads_of(settings, publication.version))
    if publications(settings):
        _agree(settings)
    if completed:
        prune(settings)
    return completed


def _agree(settings: Settings) -> None:
    """Readers see a version that is there, and the memory says so."""
    entries, kept = publications(settings), kept_versions(settings)
    shown = current_version(settings)
    if shown not in kept:
        good = [each.version for each in entries if each.rolled_back_at is None]
        there = [version for version in good if version in kept] or kept
        if not there:
            return
        shown = there[-1]
        point_to(settings, shown)
    lost = {each.version for each in entries} - set(kept)
    agreed = [
        # A version whose file is lost was not rolled back by anybody.
        before if before.version in lost else after
        for before, after in zip(entries, marked(entries, shown), strict=True)
    ]
    if [each.rolled_back_at is None for each in agreed] != [
        each.rolled_back_at is None for each in entries
    ]:
        remember(settings, agreed)


def _memory_is_lost(settings: Settings) -> bool:
    try:
        return not publications(settings) and bool(version_files(settings))
    except MemoryDamagedError:
        return True


def _recollect(settings: Settings) -> None:
    """Every version says which were published before it."""
    entries: dict[str, Publication] = {}
    for version in version_files(settings):
        for entry in _listed(settings, version):
            entries.setdefault(entry.version, entry)
    if not entries:
        remember(settings, [])
        return
    ordered = sorted(entries.values(), key=lambda entry: (entry.published_at, entry.version))
    # What readers see stays; where they see nothing, the newest was about to be shown.
    shown = current_version(settings)
    newest = next(each for each in reversed(ordered) if each.version in version_files(settings))
    target = entries.get(shown or "", newest)
    remember(settings, marked(ordered, target.version))
    complete(settings, target, _loads_of(settings, target.version))


def _sealed(settings: Settings, version: str) -> Publication | None:
    """What a version says of itself; None of a file that is no whole version."""
    return next((each for each in _listed(settings, version) if each.version == version), None)


def _listed(settings: Settings, version: str) -> list[Publication]:
    rows = _ask(version_path(settings, version), "from ops.publication")
    return [Publication(**row) for row in rows]


def _loads_of(settings: Settings, version: str) -> list[str]:
    query = "select load_id from ops.load_audit where status = 'accepted'"
    return [row["load_id"] for row in _ask(version_path(settings, version), query)]


def _ask(path: Path, query: str) -> list[dict[str, Any]]:
    """Rows of a version; none where it cannot be read or has no such table."""
    with suppress(duckdb.Error), duckdb.connect(str(path), read_only=True) as connection:
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return []
