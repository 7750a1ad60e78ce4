"""What a source has landed, night by night: all that the reference is told.

Belongs here: rows as a CRM says them, the extracts that brought them, the options of the warehouse.
Does not belong here: what follows from them, and how the rows become files (tests/integration/).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from tests.reference.fiscal import Calendar as FiscalCalendar
from tests.reference.quantities import Calendar


@dataclass(frozen=True)
class Stage:
    """A stage as the CRM lists it; open stages of a pipeline stand in the order of `place`.

    `name` is what its rows call it, `label` what people read, where that is something else.
    """

    pipeline: str
    name: str
    kind: str
    place: int = 0
    is_qualifying: bool = False
    label: str | None = None


@dataclass(frozen=True)
class StageMapping:
    """A line of stage_map.csv: what a stage stands for; days without a bound are None."""

    pipeline: str
    stage: str
    canonical_stage: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Opportunity:
    """A row of an opportunity, as of the night that brought it."""

    opportunity_id: str
    pipeline: str
    stage: str
    created_at: datetime | None = None
    closed_at: datetime | None = None
    close_date: date | None = None
    modified_at: datetime | None = None
    amount: Decimal | None = None
    currency: str | None = None
    owner_id: str | None = None
    forecast_category: str | None = None
    lead_source: str | None = None
    opportunity_type: str | None = None
    account_id: str | None = None
    loss_reason: str | None = None
    is_deleted: bool = False
    merged_into_id: str | None = None
    campaign_id: str | None = None


@dataclass(frozen=True)
class Record:
    """A row of stage history: the state after a change. Without `at` it is no event."""

    record_id: str
    opportunity_id: str
    pipeline: str
    stage: str
    at: datetime | None
    sequence: int | None = None
    amount: Decimal | None = None
    close_date: date | None = None
    forecast_category: str | None = None
    actor_id: str | None = None
    is_migration: bool = False


@dataclass(frozen=True)
class FieldChange:
    """A row of field history, its values as text."""

    change_id: str
    opportunity_id: str
    field: str
    old_value: str | None
    new_value: str | None
    at: datetime
    sequence: int | None = None
    actor_id: str | None = None


@dataclass(frozen=True)
class Account:
    """A row of an account."""

    account_id: str
    segment: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    is_deleted: bool = False
    merged_into_id: str | None = None
    modified_at: datetime | None = None
    account_name: str | None = None
    country: str | None = None
    annual_revenue: Decimal | None = None
    account_type: str | None = None
    owner_id: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True)
class User:
    """A row of a user."""

    user_id: str
    user_name: str | None = None
    manager_id: str | None = None
    team: str | None = None
    role: str | None = None
    is_active: bool | None = None
    modified_at: datetime | None = None
    hired_date: date | None = None


@dataclass(frozen=True)
class Split:
    """A user's share of an opportunity, under a type of split."""

    opportunity_id: str
    user_id: str
    share: Decimal
    is_deleted: bool = False
    split_type: str | None = None


@dataclass(frozen=True)
class Rate:
    """Units of a currency for one of the reporting currency, from a day on.

    What Salesforce sends counts by the corporate currency, which is the reporting one here.
    """

    currency: str
    valid_from: date
    rate: Decimal


@dataclass(frozen=True)
class Lead:
    """A row of a lead; instants of steps where the source states them."""

    lead_id: str
    status: str | None = None
    lead_source: str | None = None
    campaign_id: str | None = None
    owner_id: str | None = None
    created_at: datetime | None = None
    first_touch_at: datetime | None = None
    mql_at: datetime | None = None
    sql_at: datetime | None = None
    converted_at: datetime | None = None
    opportunity_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    is_deleted: bool = False
    merged_into_id: str | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True)
class LeadEntry:
    """A lead's entry into a status, and the one before where the source says it."""

    lead_id: str
    status: str
    changed_at: datetime
    previous_status: str | None = None


@dataclass(frozen=True)
class Activity:
    """A call, an e-mail, a meeting, a task or a note."""

    activity_id: str
    opportunity_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    lead_id: str | None = None
    owner_id: str | None = None
    channel: str | None = None
    direction: str | None = None
    occurred_at: datetime | None = None
    is_completed: bool | None = None


@dataclass(frozen=True)
class Participant:
    """One record's part in an activity, beside what the activity itself names."""

    activity_id: str
    opportunity_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    lead_id: str | None = None


@dataclass(frozen=True)
class Campaign:
    """A campaign."""

    campaign_id: str
    campaign_name: str | None = None
    parent_id: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    currency_code: str | None = None
    budgeted_cost: Decimal | None = None
    actual_cost: Decimal | None = None


@dataclass(frozen=True)
class Member:
    """A lead's or contact's part in a campaign."""

    campaign_id: str
    lead_id: str | None = None
    contact_id: str | None = None
    has_responded: bool | None = None
    responded_at: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Role:
    """A contact's part in an opportunity."""

    opportunity_id: str
    contact_id: str


@dataclass(frozen=True)
class Line:
    """A product line of an opportunity."""

    line_id: str
    opportunity_id: str
    product_id: str | None = None
    quantity: float | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Extract:
    """The rows of one object that the files of a night brought which one run loaded.

    Without the number of the run, it had one of its own.
    """

    kind: type
    night: date
    rows: tuple[Any, ...]
    is_full: bool = True
    run: int | None = None


@dataclass(frozen=True)
class Landed:
    """A row with its night, the number of its file in the order of loading, its place therein."""

    night: date
    load: int
    place: int
    row: Any


@dataclass(frozen=True)
class Options:
    """What an operator may set."""

    reporting_currency: str = "USD"
    time_zone: str = "UTC"
    fiscal_calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    qualified_rank: int = 2
    triangle_months: int = 24
    reopen_grace_days: int = 7
    migration_share: Decimal = Decimal("0.2")
    migration_count: int = 20
    no_decision_reasons: tuple[str, ...] = ()
    lead_meanings: tuple[tuple[str, str], ...] = (
        ("mql", "mql"), ("marketing qualified", "mql"), ("sql", "sql"), ("sales qualified", "sql"),
        ("qualified", "sql"), ("closed - not converted", "disqualified"),
        ("unqualified", "disqualified"), ("disqualified", "disqualified"),
    )  # fmt: skip
    campaign_touches: str = "all"
    campaign_lookback_days: int = 365

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.time_zone)


@dataclass(frozen=True)
class Crm:
    """All that one source has sent up to the night `as_of`, in the order of loading.

    `identifies_records`: ids of stage history are the CRM's own. Without, two rows of one
    opportunity, stage, instant and sequence are versions of one record. `lead_meanings`: what its
    statuses of leads mean, spelled as it spells them; else the words of the company tell, in any
    case. `tells_touches`: a lead or contact has a row for each touch of a campaign, not one for its
    part in it.
    """

    source: str
    as_of: date
    stages: tuple[Stage, ...]
    extracts: tuple[Extract, ...]
    stage_map: tuple[StageMapping, ...] = ()
    identifies_records: bool = False
    options: Options = field(default_factory=Options)
    lead_meanings: tuple[tuple[str, str], ...] | None = None
    tells_touches: bool = False

    @classmethod
    def of_one_night(cls, source: str, as_of: date, rows: Iterable[Any], **said: Any) -> Crm:
        """A source that has sent everything once, in full."""
        by_kind: dict[type, list[Any]] = defaultdict(list)
        for row in rows:
            by_kind[type(row)].append(row)
        extracts = tuple(Extract(kind, as_of, tuple(its)) for kind, its in by_kind.items())
        return cls(source=source, as_of=as_of, extracts=extracts, **said)

    @property
    def calendar(self) -> Calendar:
        return self.options.calendar

    @property
    def as_of_at(self) -> datetime:
        """The first instant after the newest night."""
        return self.calendar.start(self.as_of + timedelta(days=1))

    def landed(self, kind: type) -> Iterator[Landed]:
        for load, extract in enumerate(self.extracts):
            if extract.kind is kind:
                for place, row in enumerate(extract.rows):
                    yield Landed(extract.night, load, place, row)

    def whole_nights(self, kind: type) -> list[date]:
        """Nights whose full extract brought about as many rows as usual: what it lacks is deleted.

        Usual is the median of up to seven nights before, of what the runs before had brought of
        them.
        """
        brought: list[tuple[int, date, int]] = []
        whole = set()
        for number, extract in enumerate(self.extracts):
            if extract.kind is not kind:
                continue
            run = number if extract.run is None else extract.run
            counts: dict[date, int] = defaultdict(int)
            for its_run, night, count in brought:
                if its_run != run and night < extract.night:
                    counts[night] += count
            usual = [counts[night] for night in sorted(counts, reverse=True)][:7]
            if extract.is_full and not (usual and is_cut_off(len(extract.rows), median(usual))):
                whole.add(extract.night)
            brought.append((run, extract.night, len(extract.rows)))
        return sorted(whole)


def is_cut_off(row_count: int, usual: float) -> bool:
    """A fifth fewer than usual and more than ten; or nothing at all."""
    if row_count == 0:
        return usual > 0
    return row_count < Decimal("0.8") * Decimal(usual) and usual - row_count > 10
