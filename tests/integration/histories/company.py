"""A company as it is drawn: how its CRM tells of it, and all that happens in it.

Belongs here: the plan of everything, as data. Does not belong here: how it is drawn (drawing.py),
rows (story.py, telling.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.reference.landed import Options, Stage, StageMapping

DAY = timedelta(days=1)
FIRST_NIGHT = date(2024, 2, 27)
# A stage that the stage map may take away; else it is one like the others.
FORMER = "Former"
REPS = ("Ana", "Bo", "Cy", "Di")
# Whom nothing names but splits.
STRANGER = "Fay"
# The last one is first named by opportunities and may be delivered later.
ACCOUNTS = ("a1", "a2", "a3", "late")
# Stands for an account that only one opportunity names.
ALONE = "alone"
ADMIN = "Admin"

Shares = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Habits:
    """How a CRM tells of itself."""

    source: str
    extract: str
    has_stamps: bool
    keeps_stages: bool
    keeps_fields: bool
    names_actors: bool
    sends_stages: bool

    @property
    def is_salesforce(self) -> bool:
        return self.source == "salesforce"

    @property
    def is_full(self) -> bool:
        return self.extract == "full"


@dataclass(frozen=True)
class Step:
    """Something that happens to an opportunity, some time after what happened before."""

    gap: timedelta
    deed: str
    choice: int


@dataclass(frozen=True)
class Plan:
    """What is drawn of one opportunity; `born` counts from the first night on."""

    born: timedelta
    start: str
    steps: tuple[Step, ...]
    creation: str
    told: str
    closing: str
    is_sequenced: bool
    is_imported: bool
    amount: Decimal | None
    currency: str | None
    owner_id: str | None
    account_id: str | None
    opportunity_type: str | None
    shares: Shares
    later_shares: Shares
    shares_last: timedelta
    overlay: Shares


@dataclass(frozen=True)
class Bulk:
    """A bulk move out of one open stage of the first pipeline into another."""

    at: datetime
    size: int
    to_last: bool


@dataclass(frozen=True)
class Night:
    """A night that comes, and what goes wrong with the rows of one kind."""

    day: date
    trouble: str
    kind: type


@dataclass(frozen=True)
class RateChange:
    """From a night on a rate is listed, listed otherwise, or (without one) listed no more."""

    night: int
    currency: str
    valid_from: date
    rate: Decimal | None


@dataclass(frozen=True)
class Company:
    """A CRM with its habits, and all that happens in it. Nights are named by their numbers.

    `split_types`: what shares are called, and what overlays are.
    """

    habits: Habits
    options: Options
    stages: tuple[Stage, ...]
    stage_map: tuple[StageMapping, ...]
    plans: tuple[Plan, ...]
    nights: tuple[Night, ...]
    bulk: Bulk
    staff_changes: tuple[tuple[int, str, str], ...]
    account_mergers: tuple[tuple[int, str, str], ...]
    account_changes: tuple[tuple[int, str, str], ...]
    rate_changes: tuple[RateChange, ...]
    split_types: tuple[str | None, str]

    def over(self, day: date) -> datetime:
        """The instant at which a day is over, when its night's extract is taken."""
        return self.options.calendar.start(day + DAY)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What Hypothesis prints of a failing example; the failure itself says the rest."""
        printer.text(f"<{self.habits} with {len(self.plans)} opportunities>")
