"""Records that were merged into others, and where a chain of mergers ends.

Belongs here: direct and last survivors, the night that showed it first. Does not belong here: what
a merger does to an opportunity's history (versions.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.reference.landed import Landed
from tests.reference.versions import rows_that_count, today_of


@dataclass(frozen=True)
class Merger:
    """One record that is merged today."""

    merged_id: str
    survivor_id: str
    final_survivor_id: str
    merged_date: date


def mergers_of(landed: dict[str, list[Landed]]) -> list[Merger]:
    """Of all records of an object that are merged today, by their rows."""
    survivors = {}
    for record_id, rows in landed.items():
        survivor = today_of(rows).merged_into_id
        if survivor is not None:
            survivors[record_id] = survivor
    return [
        Merger(
            merged_id=record_id,
            survivor_id=survivor,
            final_survivor_id=last_survivor(record_id, survivors),
            merged_date=first_merged_night(landed[record_id]),
        )
        for record_id, survivor in survivors.items()
    ]


def first_merged_night(rows: list[Landed]) -> date:
    """The first night at all, also of a record that was merged into several, one after another."""
    counted = rows_that_count(rows)
    return min(night for night, row in counted.items() if row.merged_into_id is not None)


def last_survivor(record_id: str, survivors: dict[str, str]) -> str:
    """Where the chain ends; in a ring, at the record before it closes."""
    seen = [record_id]
    while survivors.get(seen[-1], seen[-1]) not in seen:
        seen.append(survivors[seen[-1]])
    return seen[-1]
