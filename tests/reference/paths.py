"""What an opportunity's owner, amount, close date and forecast category were at any instant.

Belongs here: which source of history is believed for a field, and what it lacks. Does not belong
here: stages (entries.py), who is credited (lives.py).

docs/history.md says it of the owner. Of the other fields it says nothing; issue 4 names history
objects, field history and differences between nights, in this order, which is followed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.reference.entries import Clerk, in_order, of_field
from tests.reference.landed import FieldChange, Opportunity, Record
from tests.reference.quantities import cents
from tests.reference.versions import History


@dataclass(frozen=True)
class Change:
    """A new value from an instant on."""

    at: datetime
    value: Any
    origin: str


@dataclass(frozen=True)
class Path:
    """The value before the first change, and all changes in order; none repeats the one before."""

    first: Any
    changes: tuple[Change, ...]

    def at(self, at: datetime | None) -> Any:
        """A change holds from its instant on. What has no instant lies before every change."""
        value = self.first
        for change in self.changes:
            if at is not None and change.at <= at:
                value = change.value
        return value

    def until(self, at: datetime | None) -> Any:
        """What held until an instant, whatever changes at the instant itself."""
        before = [change for change in self.changes if at is not None and change.at < at]
        return before[-1].value if before else self.first

    def steps(self) -> list[tuple[Any, Change]]:
        """Each change with the value before it."""
        values = [self.first, *(change.value for change in self.changes)]
        return list(zip(values, self.changes, strict=False))


def path(first: Any, changes: Iterable[Change]) -> Path:
    found: list[Change] = []
    value = first
    for change in changes:
        if change.value != value:
            found.append(change)
            value = change.value
    return Path(first, tuple(found))


def with_today(told: list[Change], first: Any, today: Any, modified_at: datetime | None) -> Path:
    """A value of today that the last change does not name came with the last modification.

    Without a stamp it came with that change, as for stages.
    """
    last = told[-1]
    if last.value != today:
        at = last.at if modified_at is None else max(last.at, modified_at)
        told = [*told, Change(at, today, "synthesised")]
    return path(first, told)


def from_fields(changes: list[FieldChange], cast: Callable[[str | None], Any]) -> list[Change]:
    return [Change(one.at, cast(one.new_value), "history") for one in changes]


def from_versions(history: History, value: Callable[[Opportunity], Any]) -> Path:
    first, *later = history.versions
    return path(value(first.row), (Change(one.at, value(one.row), "nights") for one in later))


def owner_path(history: History, changes: Iterable[FieldChange]) -> Path:
    told = of_field(changes, "owner_id")
    if not told:
        return from_versions(history, lambda row: row.owner_id)
    today: Opportunity = history.today
    named = from_fields(told, lambda text: text or None)
    return with_today(named, told[0].old_value or None, today.owner_id, today.modified_at)


def value_path(
    history: History,
    records: Iterable[Record],
    changes: Iterable[FieldChange],
    clerk: Clerk,
    field: str,
    cast: Callable[[str | None], Any],
) -> Path:
    """Of a field that stage history may tell: records, else field history, else nights."""
    today: Opportunity = history.today
    dated = (record for record in records if record.at is not None)
    told = in_order(dated, clerk)
    if any(getattr(record, field) is not None for record in told):
        named = [Change(record.at, getattr(record, field), "history") for record in told]
        return with_today(named, named[0].value, getattr(today, field), today.modified_at)
    noted = of_field(changes, field)
    if noted:
        return with_today(
            from_fields(noted, cast),
            cast(noted[0].old_value),
            getattr(today, field),
            today.modified_at,
        )
    return from_versions(history, lambda row: getattr(row, field))


def amount_path(
    history: History, records: list[Record], changes: list[FieldChange], clerk: Clerk
) -> Path:
    """Amounts in hundredths; nobody keeps a history of currencies, so they are in that of today."""
    exact = value_path(
        history, records, changes, clerk, "amount", lambda text: Decimal(text) if text else None
    )
    return path(cents(exact.first), (replace(one, value=cents(one.value)) for one in exact.changes))


def close_date_path(
    history: History, records: list[Record], changes: list[FieldChange], clerk: Clerk
) -> Path:
    return value_path(
        history,
        records,
        changes,
        clerk,
        "close_date",
        lambda text: date.fromisoformat(text) if text else None,
    )


def forecast_path(
    history: History, records: list[Record], changes: list[FieldChange], clerk: Clerk
) -> Path:
    return value_path(
        history, records, changes, clerk, "forecast_category", lambda text: text or None
    )
