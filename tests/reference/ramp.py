"""Reps by the quarter of their hire, followed month by month, carried out by brute force.

Belongs here: `rep_ramp`. Does not belong here: what a rep was, when (reps.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tests.reference.landed import User
from tests.reference.quantities import Row, add_months, quarter_of, ratio, total
from tests.reference.reps import State, states_of
from tests.reference.versions import by_record
from tests.reference.warehouse import Warehouse

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rep:
    """One rep from the day of hire to the last day on which wins would be known."""

    first_day: date
    last_day: date
    is_hire_assumed: bool
    wins: tuple[tuple[date, Decimal | None], ...]

    def month(self, tenure: int) -> tuple[date, date]:
        """First and last day of a month of tenure."""
        return add_months(self.first_day, tenure), add_months(self.first_day, tenure + 1) - DAY

    def has_served(self, tenure: int, since: date) -> bool:
        start, end = self.month(tenure)
        return since <= start and end <= self.last_day

    def won_in(self, tenure: int) -> list[Decimal | None]:
        start, end = self.month(tenure)
        return [amount for day, amount in self.wins if start <= day <= end]

    @property
    def first_win(self) -> date | None:
        days = [day for day, _ in self.wins if self.first_day <= day <= self.last_day]
        return min(days, default=None)

    @property
    def wait(self) -> Fraction:
        """Days to the first win, or without one; a win on the day of hire took half a day."""
        days = ((self.first_win or self.last_day) - self.first_day).days
        return max(Fraction(days), Fraction(1, 2))


def wins_of(warehouse: Warehouse) -> Iterator[tuple[str | None, date | None, Decimal | None]]:
    """Each share of each win: whose, on which day, how much."""
    for life in warehouse.lives:
        if life.outcome != "won":
            continue
        day = warehouse.calendar.day(life.closed_at)
        splits = warehouse.splits[life.row.opportunity_id]
        if not splits:
            yield life.owner_at_close, day, life.amount
        for rep, share, amount in warehouse.money.shared_out(
            life.amount, [(one.user_id, one.share) for one in splits]
        ):
            if share > 0:
                yield rep, day, amount


def days_seen(warehouse: Warehouse) -> dict[str, list[date]]:
    """Days on which somebody was seen as a rep; none where that is known but not since when."""
    seen: dict[str | None, list[date | None]] = defaultdict(list)
    day = warehouse.calendar.day
    for life in warehouse.lives:
        seen[life.owner_at_creation].append(day(life.row.created_at))
        seen[life.row.owner_id].append(None)
        if life.is_closed:
            seen[life.owner_at_close].append(day(life.closed_at))
    for rep, won_on, _ in wins_of(warehouse):
        seen[rep].append(won_on)
    return {
        rep: [one for one in days if one is not None]
        for rep, days in seen.items()
        if rep is not None and rep != "unknown"
    }


def last_day_of(states: list[State], seen: list[date], warehouse: Warehouse) -> date | None:
    """Of a leaver the day before one was seen inactive, or without such a day, last seen at all."""
    if not states or states[-1].is_active:
        return warehouse.crm.as_of
    ends = [after.at for state, after in pairwise(states) if state.is_active]
    if ends:
        return warehouse.calendar.day(max(ends)) - DAY
    return max(seen, default=None)


def reps_of(warehouse: Warehouse) -> Iterator[Rep]:
    users = by_record(warehouse.crm.landed(User), lambda row: row.user_id)
    wins: dict[str | None, list[tuple[date, Decimal | None]]] = defaultdict(list)
    for rep, day, amount in wins_of(warehouse):
        if day is not None:
            wins[rep].append((day, amount))
    for rep, seen in days_seen(warehouse).items():
        landed = users.get(rep)
        states = states_of(landed, warehouse.crm) if landed else []
        hired_date = states[-1].row.hired_date if states else None
        first_day = hired_date or min(seen, default=None)
        last_day = last_day_of(states, seen, warehouse)
        if first_day is not None and last_day is not None and first_day <= last_day:
            yield Rep(first_day, last_day, hired_date is None, tuple(wins[rep]))


def median_wait(reps: list[Rep]) -> Fraction | None:
    """When half had won, by Kaplan and Meier; who leaves on a day of wins was there for them."""
    without = Fraction(1)
    for day in sorted({one.wait for one in reps if one.first_win}):
        waiting = sum(one.wait >= day for one in reps)
        winning = sum(one.wait == day and one.first_win is not None for one in reps)
        without *= 1 - Fraction(winning, waiting)
        if without <= Fraction(1, 2):
            return day
    return None


def rep_ramp(warehouse: Warehouse) -> list[Row]:
    crm = warehouse.crm
    created = [warehouse.calendar.day(life.row.created_at) for life in warehouse.lives]
    since = min((day for day in created if day is not None), default=date.max)
    cohorts: dict[date, list[Rep]] = defaultdict(list)
    for rep in reps_of(warehouse):
        cohorts[quarter_of(rep.first_day)].append(rep)
    rows = []
    for quarter, reps in cohorts.items():
        followed = [one for one in reps if one.first_day >= since]
        for tenure in range(crm.options.triangle_months + 1):
            there = [one for one in reps if one.has_served(tenure, since)]
            if not there:
                continue
            won = [amount for one in there for amount in one.won_in(tenure)]
            rows.append(
                {
                    "source_system": crm.source,
                    "hire_quarter": quarter,
                    "tenure_months": tenure,
                    "rep_count": len(there),
                    "assumed_hire_count": sum(one.is_hire_assumed for one in there),
                    "won_count": len(won),
                    "won_amount": total(won),
                    "won_count_per_rep": ratio(len(won), len(there)),
                    "won_amount_per_rep": ratio(total(won), len(there)),
                    "followed_count": len(followed),
                    "first_win_count": sum(one.first_win is not None for one in followed),
                    "median_days_to_first_win": median_wait(followed),
                    "longest_followed_days": max((one.wait for one in followed), default=None),
                    "as_of_date": crm.as_of,
                }
            )
    return rows
