"""What entries come to: bulk moves and reversed closes taken out, attempts counted.

Belongs here: migrations, void closes, attempts, in this order. Does not belong here: stays and what
was reached (lives.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise

from tests.reference.entries import Entry
from tests.reference.landed import Options
from tests.reference.quantities import days_between
from tests.reference.versions import History


def hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def migrations(
    entries: dict[str, list[Entry]], histories: dict[str, History], options: Options
) -> set[tuple[str, int]]:
    """Bulk moves, as opportunity and number of the entry, over all opportunities of a source.

    Those that a night or a guess tells have no actor; without one, a move is never bulk, unless the
    source itself marks it. Deleted opportunities move and count as long as they stood.
    """
    found: set[tuple[str, int]] = set()
    moves: dict[tuple, set[tuple[str, int]]] = defaultdict(set)
    for opportunity_id, its in entries.items():
        for before, after in pairwise(its):
            is_move = before.is_open and after.is_open and before.pipeline == after.pipeline
            if is_move and after.is_migration:
                found.add((opportunity_id, after.number))
            if is_move and after.actor_id is not None and after.at is not None:
                bulk = (after.actor_id, hour_of(after.at), before.place, after.place)
                moves[bulk].add((opportunity_id, after.number))
    for (_, hour, (pipeline, _), _), moved in moves.items():
        standing = {
            opportunity_id
            for opportunity_id, its in entries.items()
            if was_open_in(pipeline, its, histories[opportunity_id], hour)
        }
        moved_of_them = {opportunity_id for opportunity_id, _ in moved} & standing
        is_many = len(moved_of_them) >= options.migration_count
        if is_many and len(moved_of_them) > options.migration_share * len(standing):
            found |= moved
    return found


def was_open_in(pipeline: str, entries: list[Entry], history: History, at: datetime) -> bool:
    """Whether it stood open in a pipeline just before an instant; undated entries lie before."""
    before = [entry for entry in entries if entry.at is None or entry.at < at]
    return (
        bool(before)
        and before[-1].is_open
        and before[-1].pipeline == pipeline
        and not history.is_deleted_at(at)
    )


def without_repeats(entries: Iterable[Entry]) -> list[Entry]:
    """Entries into the stage where the opportunity already is are none."""
    found: list[Entry] = []
    for entry in entries:
        if not found or found[-1].place != entry.place:
            found.append(entry)
    return found


def without_migrations(entries: Iterable[Entry], migrated: set[int]) -> list[Entry]:
    """The stay that a bulk move falls into goes on under the new stage, from its beginning on."""
    found: list[Entry] = []
    for entry in entries:
        if entry.number in migrated:
            found[-1] = replace(found[-1], stage=entry.stage, rank=entry.rank)
        else:
            found.append(entry)
    return without_repeats(found)


def void_closes(entries: list[Entry], grace_days: int) -> set[int]:
    """Numbers of the closed entries that were reversed in time.

    What reverses wins in a row is an open stage or a loss; losses, an open stage or a win. A close
    without an instant is never void: nothing says that it was short.
    """
    runs = [list(run) for _, run in groupby(entries, key=lambda entry: entry.kind)]
    void: set[int] = set()
    for run, reversal in pairwise(runs):
        days = days_between(run[0].at, reversal[0].at)
        if not run[0].is_open and days is not None and days <= grace_days:
            void |= {closed.number for closed in run}
    return void


@dataclass(frozen=True)
class Effect:
    """Entries that count, and which of the others were taken out."""

    entries: tuple[Entry, ...]
    void: frozenset[int]
    migrated: frozenset[int]

    @property
    def reopenings(self) -> list[Entry]:
        """Entries that began another attempt."""
        steps = pairwise(self.entries)
        return [after for before, after in steps if after.is_open and not before.is_open]

    def attempt(self, entry: Entry) -> int:
        return 1 + sum(one.number <= entry.number for one in self.reopenings)


def effect_of(entries: list[Entry], migrated: set[int], grace_days: int) -> Effect:
    stood = without_migrations(entries, migrated)
    void = void_closes(stood, grace_days)
    counted = without_repeats(entry for entry in stood if entry.number not in void)
    return Effect(tuple(counted), frozenset(void), frozenset(migrated))
