"""A company's nights: which rows its CRM brings in each, and in which run they are loaded.

Belongs here: what a night shows, what goes wrong with it, what the reference is told of it. Does
not belong here: files as bytes (files.py), what should come of the rows (tests/reference/).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any

from tests.integration.histories.around import (
    around_in_salesforce,
    participants_of,
    rows_around,
    rows_at_night,
)
from tests.integration.histories.company import ADMIN, REPS, Company, Night
from tests.integration.histories.in_salesforce import in_salesforce
from tests.integration.histories.story import Story
from tests.reference.landed import (
    Account,
    Activity,
    Campaign,
    Crm,
    Extract,
    FieldChange,
    Lead,
    LeadEntry,
    Line,
    Member,
    Opportunity,
    Participant,
    Rate,
    Record,
    Role,
    Split,
    User,
)

# What the names of files end in that come beside the night's own, in the order of loading.
LATE, RESENT = "_2", "_3"
# Before the history, on a day that few months have, within it; of the others nobody says it.
HIRED = {"Bo": date(2023, 1, 31), "Cy": date(2024, 1, 31), "Di": date(2024, 2, 20)}


@dataclass(frozen=True)
class File:
    """Rows of one object for one night, under a name that shows why there are several."""

    night: date
    kind: type
    rows: tuple[Any, ...]
    part: str = ""


@dataclass(frozen=True)
class Run:
    """What has landed since the run before, when the run of a night begins."""

    night: date
    files: tuple[File, ...]


class Telling:
    """A company's runs, and the CRM as the reference is told of it."""

    def __init__(self, company: Company) -> None:
        self.company, self.habits = company, company.habits
        self.stories = [Story(company, number) for number in range(len(company.plans))]
        rows = [story.row for story in self.stories]
        self.around = list(rows_around(Random(len(rows)), company.nights[-1].day, rows))
        if self.habits.is_salesforce:
            self.around += participants_of(self.around)
        self.runs = list(self._runs())

    def _runs(self) -> Iterator[Run]:
        """Files by run; those that come late wait for the run that brings them."""
        waiting: dict[int, list[File]] = defaultdict(list)
        sent: dict[tuple[type, Any], Any] = {}
        before: Run | None = None
        for number, night in enumerate(self.company.nights):
            for kind, shown in self._night(number).items():
                rows = shown
                if not self.habits.is_full:
                    rows = [row for row in rows if sent.get((kind, identity(row))) != row]
                sent |= {(kind, identity(row)): row for row in rows}
                whole = File(night.day, kind, tuple(rows))
                trouble = night.trouble if kind is night.kind else "none"
                for delay, file in troubled(whole, trouble, self.habits.is_full):
                    waiting[number + delay].append(file)
            if night.trouble == "resent" and before:
                waiting[number] += resent_of(before, night)
            # An empty file of changes would be the same bytes each night.
            files = [file for file in waiting[number] if file.rows or self.habits.is_full]
            before = Run(night.day, tuple(files))
            yield before

    # --- what a night shows

    def _night(self, number: int) -> dict[type, list[Any]]:
        """Everything that the CRM shows at the end of a night."""
        night = self.company.nights[number].day
        over = self.company.over(night)
        rows: dict[type, list[Any]] = {
            Opportunity: self._opportunities(number),
            Account: self._accounts(number),
            User: self._users(number),
            Rate: self._rates(number),
            Split: [split for story in self.stories for split in self._splits(story, night)],
        }
        if self.habits.keeps_stages:
            records = [record for story in self.stories for record in story.told_records()]
            rows[Record] = [record for record in records if record.at < over]
        if self.habits.keeps_fields:
            changes = [change for story in self.stories for change in story.told_changes()]
            rows[FieldChange] = [change for change in changes if change.at < over]
        if self.habits.is_salesforce:
            rows = {kind: list(map(in_salesforce, its)) for kind, its in rows.items()}
        for row in self._around(number):
            rows.setdefault(type(row), []).append(row)
        return rows

    def _around(self, number: int) -> Iterator[Any]:
        """Leads, activities, campaigns and lines."""
        for row in rows_at_night(self.around, number, len(self.company.nights)):
            if self.habits.is_salesforce:
                row = around_in_salesforce(row, self.company.options.calendar)
            if row is not None:
                yield row

    def _opportunities(self, number: int) -> list[Opportunity]:
        """A replica that lags behind shows some records as an earlier night had them."""
        night = self.company.nights[number]
        rows = [row for story in self.stories if (row := story.at_the_end_of(night.day))]
        if night.trouble != "lagging" or number < 2:
            return rows
        before = self.company.nights[number - 2].day
        old = [story.at_the_end_of(before) for story in self.stories[::3]]
        lagging = {row.opportunity_id: row for row in old if row is not None}
        return [lagging.get(row.opportunity_id, row) for row in rows]

    def _stamp(self, number: int) -> datetime | None:
        """Of a change that a night brings: its noon."""
        day = self.company.nights[number].day
        return datetime.combine(day, time(12)) if self.habits.has_stamps else None

    def _accounts(self, number: int) -> list[Account]:
        rows = {
            row.account_id: replace(row, modified_at=self._stamp(0))
            for row in (
                Account("a1", industry="Energy", employee_count=5, account_name="One"),
                Account("a2", industry="Retail", employee_count=100, country="NO"),
                Account("a3", industry=None, employee_count=1000, parent_id="a1"),
                Account("late", owner_id="Ana"),
            )
        }
        shown = {"a1", "a2", "a3"}
        for place, (when, name, change) in enumerate(sorted(self.company.account_changes)):
            if when > number:
                break
            if change in ("vanish", "return", "arrive"):
                shown = shown - {name} if change == "vanish" else shown | {name}
                continue
            row = changed_account(rows[name], change, place)
            stamps = [row.modified_at, None if change == "silent" else self._stamp(when)]
            stamp = max(filter(None, stamps), default=None)
            rows[name] = replace(row, modified_at=None if change == "unstamped" else stamp)
        for when, merged_id, survivor_id in self.company.account_mergers:
            if when <= number:
                row = replace(rows[merged_id], merged_into_id=survivor_id)
                stamp = max(filter(None, [row.modified_at, self._stamp(when)]), default=None)
                rows[merged_id] = replace(row, modified_at=stamp)
        return [row for name, row in rows.items() if name in shown]

    def _users(self, number: int) -> list[User]:
        rows = {
            name: User(name, name, None, "East", "Rep", True, self._stamp(0), HIRED.get(name))
            for name in (*REPS, ADMIN)
        }
        listed = set(rows)
        for place, (when, name, change) in enumerate(self.company.staff_changes):
            if when > number:
                continue
            if change in ("vanish", "return"):
                listed = listed - {name} if change == "vanish" else listed | {name}
                continue
            row = rows[name]
            changed = {
                "team": replace(row, team=f"Team {place}"),
                "manager": replace(row, manager_id=REPS[place % len(REPS)]),
                "role": replace(row, role=f"Role {place}"),
                "leave": replace(row, is_active=False),
                "name": replace(row, user_name=f"{name} {place}"),
                "stamp": row,
            }[change]
            stamp = max(filter(None, [row.modified_at, self._stamp(when)]), default=None)
            rows[name] = replace(changed, modified_at=stamp)
        return [row for name, row in rows.items() if name in listed]

    def _rates(self, number: int) -> list[Rate]:
        """An extract of changes cannot say that a rate is listed no more."""
        rates: dict[tuple[str, date], Rate] = {}
        for change in self.company.rate_changes:
            line = change.currency, change.valid_from
            if change.night > number:
                continue
            if change.rate is not None:
                rates[line] = Rate(*line, change.rate)
            elif self.habits.is_full:
                rates.pop(line, None)
        return list(rates.values())

    def _splits(self, story: Story, night: date) -> Iterator[Split]:
        """Salesforce says what it deleted; a full extract lacks it."""
        shares = dict(story.shares(night))
        split_type, overlay_type = self.company.split_types
        for user_id, share in shares.items():
            yield Split(story.opportunity_id, user_id, share, split_type=split_type)
        for user_id, share in story.overlay(night):
            yield Split(story.opportunity_id, user_id, share, split_type=overlay_type)
        if self.habits.is_salesforce and story.born < self.company.over(night):
            for user_id, share in story.plan.shares:
                if user_id not in shares:
                    yield Split(story.opportunity_id, user_id, share, True, split_type)

    # --- what the reference is told

    def crm(self, as_of: date) -> Crm:
        """Bytes that a night repeats are not read, nor those that an extract of changes repeats."""
        extracts: list[Extract] = []
        seen: set[tuple] = set()
        for number, run in enumerate(self.runs):
            for night, kind in sorted(
                {(one.night, one.kind) for one in run.files},
                key=lambda one: (one[0], one[1].__name__),
            ):
                files = [one for one in run.files if (one.night, one.kind) == (night, kind)]
                rows: list[Any] = []
                for file in sorted(files, key=lambda file: file.part):
                    said = (kind, file.rows, night if self.habits.is_full else None)
                    if said not in seen:
                        rows += file.rows
                    seen.add(said)
                extracts.append(Extract(kind, night, tuple(rows), self.habits.is_full, number))
        return Crm(
            source=self.habits.source,
            as_of=as_of,
            stages=self.company.stages,
            extracts=tuple(extracts),
            stage_map=self.company.stage_map,
            identifies_records=self.habits.is_salesforce,
            options=self.company.options,
        )


def identity(row: Any) -> Any:
    """What tells a row from others of its object."""
    match row:
        case Opportunity():
            return row.opportunity_id
        case Record():
            return row.record_id
        case FieldChange():
            return row.change_id
        case Account():
            return row.account_id
        case User():
            return row.user_id
        case Rate():
            return row.currency, row.valid_from
        case Split():
            return row.opportunity_id, row.user_id, row.split_type
        case Lead():
            return row.lead_id
        case LeadEntry() | Role() | Participant():
            return row
        case Activity():
            return row.activity_id
        case Campaign():
            return row.campaign_id
        case Member():
            return row.campaign_id, row.lead_id, row.contact_id
        case Line():
            return row.line_id
    raise TypeError(type(row))


def changed_account(row: Account, change: str, place: int) -> Account:
    """What a night says otherwise of an account; some of it may be what was said before."""
    said: dict[str, dict[str, Any]] = {
        "name": {"account_name": f"{row.account_id} {place}"},
        "industry": {"industry": ("Energy", "Steel", None)[place % 3]},
        "segment": {"segment": ("Public", None)[place % 2]},
        "country": {"country": ("NO", "SE", None)[place % 3]},
        "size": {"employee_count": (5, 99, 100, None, 5000)[place % 5]},
        "revenue": {"annual_revenue": (Decimal("1000.125"), None, Decimal(7))[place % 3]},
        "type": {"account_type": ("Customer", "Prospect")[place % 2]},
        "owner": {"owner_id": REPS[place % len(REPS)]},
        "parent": {"parent_id": ("a2", None)[place % 2]},
        "delete": {"is_deleted": True},
        "undelete": {"is_deleted": False},
        "silent": {"country": f"Land {place}"},
        "unstamped": {"country": f"Coast {place}"},
        "stamp": {},
    }
    return replace(row, **said[change])


# --- what goes wrong -------------------------------------------------------------------------


def troubled(whole: File, trouble: str, is_full: bool) -> Iterator[tuple[int, File]]:
    """The files that a night's rows come in, and how many runs later."""
    few = whole.rows[::4]
    if trouble in ("late", "later"):
        yield 0, replace(whole, rows=tuple(row for row in whole.rows if row not in few))
        yield {"late": 1, "later": 2}[trouble], replace(whole, rows=few, part=LATE)
        return
    is_cut_off = trouble == "cut off" and is_full
    yield 0, replace(whole, rows=whole.rows[: len(whole.rows) // 3]) if is_cut_off else whole
    if trouble == "corrected":
        rows = tuple(corrected(row) if row in few else row for row in whole.rows)
        yield 1, replace(whole, rows=rows)


def corrected(row: Any) -> Any:
    """As a corrected file has it, which takes the place of the one that was wrong."""
    match row:
        case Opportunity() | Record():
            return replace(row, amount=Decimal("12.34"))
        case FieldChange(field="owner_id", new_value=str()):
            return replace(row, new_value=row.old_value)
        case Account():
            return replace(row, industry="Corrected")
        case User():
            return replace(row, team="South")
        case Rate():
            return replace(row, rate=row.rate * 2)
    return row


def resent_of(run: Run, night: Night) -> list[File]:
    """What a run brought of its own night, once more in the folder of another."""
    return [
        replace(file, night=night.day, part=RESENT)
        for file in run.files
        if (file.kind, file.night, file.part) == (night.kind, run.night, "")
    ]
