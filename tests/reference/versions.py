"""What nights show: which row of a night counts, and when a record changed.

Belongs here: observations, staleness, deletion by flag, absence and merger, versions. Does not
belong here: what a change of stage or owner means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.reference.landed import Account, Crm, Landed, Opportunity
from tests.reference.quantities import Calendar, cents


@dataclass(frozen=True)
class Version:
    """A row, the instant from which on it holds, and the night that showed it first."""

    at: datetime
    night: date
    row: Any
    is_deleted: bool = False
    is_absent: bool = False


@dataclass(frozen=True)
class History:
    """A record's versions, its row of today, and the nights that had it."""

    versions: tuple[Version, ...]
    today: Any
    nights: tuple[date, ...]

    @property
    def shown(self) -> list[Version]:
        """The versions that a row showed; an absence says nothing but that the record is gone."""
        return [version for version in self.versions if not version.is_absent]

    @property
    def first_night(self) -> date:
        return self.nights[0]

    @property
    def is_deleted(self) -> bool:
        return self.versions[-1].is_deleted

    def is_deleted_at(self, at: datetime) -> bool:
        """Before the first version it stood."""
        held = [version for version in self.versions if version.at <= at]
        return bool(held) and held[-1].is_deleted


def newest_of_night(rows: Iterable[Landed]) -> Landed:
    """By the CRM's stamp, then by the order of loading, then by place in the file.

    A row without a stamp gives way to one with a stamp.
    """

    def age(one: Landed) -> tuple:
        stamp = getattr(one.row, "modified_at", None)
        return stamp is not None, stamp or datetime.min, one.load, one.place

    return max(rows, key=age)


def by_record(landed: Iterable[Landed], key: Callable[[Any], Hashable]) -> dict[Any, list[Landed]]:
    found: dict[Any, list[Landed]] = defaultdict(list)
    for one in landed:
        found[key(one.row)].append(one)
    return found


def standing(crm: Crm, kind: type, identity: Callable[[Any], Hashable]) -> list[Any]:
    """Every record in its newest version, but for those that the newest whole extract lacks."""
    whole = crm.whole_nights(kind)
    return [
        today_of(rows)
        for rows in by_record(crm.landed(kind), identity).values()
        if not whole or max(one.night for one in rows) >= whole[-1]
    ]


def rows_that_count(landed: list[Landed]) -> dict[date, Any]:
    """The row of each night, but for those that are stale.

    A row without a stamp is never stale: nothing says that it is older.
    """
    counted = {}
    highest = None
    for night in sorted({one.night for one in landed}):
        row = newest_of_night(one for one in landed if one.night == night).row
        stamp = getattr(row, "modified_at", None)
        if stamp is not None and highest is not None and stamp < highest:
            continue
        counted[night] = row
        highest = stamp if stamp is not None else highest
    return counted


def today_of(landed: list[Landed]) -> Any:
    """The row that holds today."""
    counted = rows_that_count(landed)
    return counted[max(counted)]


def history_of(
    landed: list[Landed],
    content: Callable[[Any], Hashable],
    calendar: Calendar,
    whole_nights: Iterable[date] = (),
    is_gone: Callable[[Any], bool] = lambda _: False,
) -> History:
    """Versions of one record, from all rows that ever came of it.

    `content` is what makes two rows different versions; `is_gone` says whether a row tells of a
    deletion; a record is deleted, too, in each of the `whole_nights` that lack it. A version's
    instant is the stamp where it lies after every stamp and every absence before it, else the
    beginning of its day, and never before the version before.
    """
    counted = rows_that_count(landed)
    nights = sorted({one.night for one in landed})
    versions: list[Version] = []
    row, told_at = None, datetime.min
    for night in sorted({*nights, *whole_nights}):
        if night < nights[0]:
            continue
        row = counted.get(night, row)
        is_absent = night not in nights
        before = versions[-1] if versions else None
        stamp = getattr(row, "modified_at", None) if night in counted else None
        at = stamp if stamp is not None and stamp > told_at else calendar.start(night)
        told_at = max(told_at, stamp or datetime.min)
        if before and (content(before.row), before.is_absent) == (content(row), is_absent):
            continue
        if is_absent:
            told_at = max(told_at, calendar.start(night))
        is_deleted = is_absent or is_gone(row)
        versions.append(
            Version(max(at, before.at) if before else at, night, row, is_deleted, is_absent)
        )
    return History(tuple(versions), row, tuple(nights))


def content_of_opportunity(reporting_currency: str) -> Callable[[Opportunity], Hashable]:
    """What no currency is said of is in the reporting one."""
    return lambda row: (
        row.pipeline, row.stage, cents(row.amount), row.currency or reporting_currency,
        row.close_date, row.owner_id, row.forecast_category, row.is_deleted, row.merged_into_id,
    )  # fmt: skip


def is_gone(row: Opportunity | Account) -> bool:
    """Deleted by flag, or merged into another."""
    return row.is_deleted or row.merged_into_id is not None
