"""The entries of an opportunity into stages, as they were told or have to be filled in.

Belongs here: which source of history is believed, what it lacks, in what order entries stand, what
a stage's name stood for. Does not belong here: migrations and void closes (effect.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise

from tests.reference.landed import FieldChange, Opportunity, Record
from tests.reference.money import Money
from tests.reference.quantities import Calendar, second_of
from tests.reference.stages import Pipeline, StageMap
from tests.reference.versions import History, Version


@dataclass(frozen=True)
class Entry:
    """The entry into a stage that differs from the one before.

    `number` is its place among all entries; `origin` is `history`, `nights` or `synthesised`. Its
    source itself may say that it is a migration.
    """

    pipeline: str
    stage: str
    kind: str
    rank: int | None
    at: datetime | None
    amount: Decimal | None = None
    origin: str = "history"
    actor_id: str | None = None
    is_migration: bool = False
    number: int = 0

    @property
    def is_open(self) -> bool:
        return self.kind == "open"

    @property
    def place(self) -> tuple[str, str]:
        return self.pipeline, self.stage


@dataclass(frozen=True)
class Clerk:
    """Writes entries down, with what is needed for that."""

    pipelines: dict[str, Pipeline]
    stage_map: StageMap
    money: Money
    calendar: Calendar

    def stage(self, pipeline: str, stage: str, at: datetime | None) -> str:
        return self.stage_map.stands_for(pipeline, stage, self.calendar.day(at))

    def entry(
        self,
        pipeline: str,
        stage: str,
        at: datetime | None,
        origin: str,
        amount: Decimal | None = None,
        actor_id: str | None = None,
    ) -> Entry:
        """Of a stage by the name that it has today."""
        its = self.pipelines[pipeline]
        return Entry(
            pipeline, stage, its.kinds[stage], its.rank(stage), at, amount, origin, actor_id
        )

    def first_open(self, pipeline: str, at: datetime | None) -> Entry:
        first_stage = self.pipelines[pipeline].open_stages[0]
        return self.entry(pipeline, first_stage, at, "synthesised")


def stated_close_of(row: Opportunity, calendar: Calendar, day: date) -> datetime | None:
    """When the CRM says it was closed, on this day; what lies after the day had not happened."""
    closed_at = row.closed_at
    if closed_at is None and row.close_date is not None:
        closed_at = calendar.start(row.close_date)
    is_past = closed_at is not None and closed_at < calendar.start(day + timedelta(days=1))
    return closed_at if is_past else None


def entries_of(history: History, records: Iterable[Record], clerk: Clerk) -> list[Entry]:
    """All entries of one opportunity, in order, before migrations and void closes are taken out."""
    told = in_order((record for record in records if record.at is not None), clerk)
    entries = from_records(history, told, clerk) if told else from_nights(history, clerk)
    found: list[Entry] = []
    for entry in entries:
        if found and found[-1].place == entry.place:
            continue
        before = found[-1].at if found else None
        # Changes of one second keep their order: none lies before the one it follows.
        if entry.at is not None and before is not None and entry.at < before:
            entry = replace(entry, at=before)
        found.append(replace(entry, number=len(found)))
    return found


def of_field(changes: Iterable[FieldChange], field: str) -> list[FieldChange]:
    """The changes of a field, in order."""
    its = (one for one in changes if one.field == field)
    return sorted(its, key=lambda one: (one.at, one.sequence or 0, one.change_id))


def was_in_several_pipelines(history: History, changes: Iterable[FieldChange]) -> bool:
    """As nights or field history tell."""
    shown = {version.row.pipeline for version in history.shown}
    told = [(one.old_value, one.new_value) for one in of_field(changes, "pipeline")]
    return len(shown) > 1 or any(old and new and old != new for old, new in told)


def noted_records(history: History, changes: Iterable[FieldChange]) -> list[Record]:
    """Stage history as field history tells it: what its first change found began at the creation.

    It does not say in which pipeline, so it tells nothing of an opportunity that was in several.
    """
    today: Opportunity = history.today
    noted = [(one, one.new_value) for one in of_field(changes, "stage") if one.new_value]
    if not noted or was_in_several_pipelines(history, changes):
        return []

    def record(change: FieldChange, stage: str, at: datetime) -> Record:
        return Record(
            change.change_id, change.opportunity_id, today.pipeline, stage, at, change.sequence
        )

    records = [replace(record(one, stage, one.at), actor_id=one.actor_id) for one, stage in noted]
    first, _ = noted[0]
    created_at = today.created_at
    if first.old_value and created_at and second_of(created_at) < second_of(first.at):
        records.insert(0, record(first, first.old_value, created_at))
    return records


def in_order(records: Iterable[Record], clerk: Clerk) -> list[Record]:
    """By the second, then by the source's sequence, then so that a bulk edit climbs.

    Records of one second keep that order: none is dated before the one it follows.
    """
    renamed = [
        replace(record, stage=clerk.stage(record.pipeline, record.stage, record.at))
        for record in records
    ]
    ordered = sorted(
        renamed,
        key=lambda record: (
            second_of(record.at),
            record.sequence or 0,
            clerk.pipelines[record.pipeline].height(record.stage),
            record.record_id,
        ),
    )
    instants = accumulate((record.at for record in ordered), max)
    return [replace(record, at=at) for record, at in zip(ordered, instants, strict=True)]


def from_records(history: History, told: list[Record], clerk: Clerk) -> list[Entry]:
    """Stage history, with a creation before it and a present after it filled in."""
    today: Opportunity = history.today
    entries = [
        replace(
            clerk.entry(
                record.pipeline,
                record.stage,
                record.at,
                "history",
                clerk.money.by_plan(record.amount, today.currency),
                record.actor_id,
            ),
            is_migration=record.is_migration,
        )
        for record in told
    ]
    first, last = told[0], told[-1]
    if today.created_at is not None and second_of(today.created_at) < second_of(first.at):
        entries.insert(0, clerk.first_open(first.pipeline, today.created_at))
    present = stage_today(history, clerk)
    if present != entries[-1].place:
        is_closed = clerk.pipelines[present[0]].kinds[present[1]] != "open"
        said_on = clerk.calendar.day(history.shown[-1].at)
        closed_at = stated_close_of(today, clerk.calendar, said_on) if is_closed else None
        changed_at = closed_at or today.modified_at
        at = last.at if changed_at is None else max(last.at, changed_at)
        entries.append(clerk.entry(*present, at, "synthesised"))
    return entries


def stage_today(history: History, clerk: Clerk) -> tuple[str, str]:
    """What the stage of the newest version stands for, on the day of that version.

    Not on the day of today: a stage that was renamed need not be sent anew by an extract of
    changes, and then its old name was said when it still stood for the stage. Nor on the day since
    which the record is missing: then nobody said anything of it.
    """
    newest = history.shown[-1]
    return newest.row.pipeline, clerk.stage(newest.row.pipeline, newest.row.stage, newest.at)


def from_nights(history: History, clerk: Clerk) -> list[Entry]:
    """Differences between versions that rows showed; those while it was deleted count, too."""
    entries = first_entries(history, clerk)
    for before, version in pairwise(history.shown):
        entries.append(entry_of(version, before, history.today.currency, clerk))
    return entries


def first_entries(history: History, clerk: Clerk) -> list[Entry]:
    """The first version stands for itself, unless it is a close that had an opening before it.

    The amount that it shows is that of its night.
    """
    first = history.versions[0]
    row: Opportunity = first.row
    stage = clerk.stage(row.pipeline, row.stage, first.at)
    if clerk.pipelines[row.pipeline].kinds[stage] != "open":
        closed_at = stated_close_of(row, clerk.calendar, first.night) or first.at
        if row.created_at is None or closed_at > row.created_at:
            return [
                clerk.first_open(row.pipeline, row.created_at),
                clerk.entry(row.pipeline, stage, closed_at, "synthesised"),
            ]
    origin = "nights" if is_observed_from_start(history, clerk.calendar) else "synthesised"
    return [clerk.entry(row.pipeline, stage, row.created_at, origin)]


def entry_of(version: Version, before: Version, currency: str | None, clerk: Clerk) -> Entry:
    """At the version's instant; a close at the stated one where that can be true.

    It can from the instant of the version before on, and until the end of the day on which the
    version's own instant lies: a stamp says that it had been closed by then.
    """
    row: Opportunity = version.row
    stage = clerk.stage(row.pipeline, row.stage, version.at)
    at = version.at
    if clerk.pipelines[row.pipeline].kinds[stage] != "open":
        stated = stated_close_of(row, clerk.calendar, clerk.calendar.day(version.at))
        if stated is not None and stated >= before.at:
            at = stated
    amount = clerk.money.by_plan(row.amount, currency)
    return clerk.entry(row.pipeline, stage, at, "nights", amount)


def is_observed_from_start(history: History, calendar: Calendar) -> bool:
    """Seen by the night after its creation, the next one in the calendar."""
    created_on = calendar.day(history.versions[0].row.created_at)
    return created_on is not None and history.first_night <= created_on + timedelta(days=1)
