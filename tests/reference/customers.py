"""Accounts by the month of their first win, followed month by month, carried out by brute force.

Belongs here: `cohort_customer`. Does not belong here: cohorts of opportunities (cohorts.py).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.reference.quantities import Row, add_months, month_of, ratio, total, wilson
from tests.reference.warehouse import Warehouse

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Win:
    """One opportunity that an account signed."""

    day: date
    amount: Decimal | None


@dataclass(frozen=True)
class Customer:
    """An account with everything it signed, mergers taken into account."""

    wins: tuple[Win, ...]

    @property
    def first_day(self) -> date:
        return min(win.day for win in self.wins)

    @property
    def first_amount(self) -> Decimal:
        return total(win.amount for win in self.wins if win.day == self.first_day)

    def by_age(self, age: int) -> list[Win]:
        return [win for win in self.wins if win.day <= add_months(self.first_day, age)]

    def again_by_age(self, age: int) -> list[Win]:
        return [win for win in self.by_age(age) if win.day > self.first_day]

    def parts(self, age: int) -> tuple[Decimal, Decimal]:
        """Of what was won again: what the first win had brought too, and what goes beyond it."""
        again = self.again_by_age(age)
        if not again:
            return NOTHING, NOTHING
        amount, most = total(win.amount for win in again), max(self.first_amount, NOTHING)
        return (amount, NOTHING) if amount <= most else (most, amount - most)


def cohort_customer(warehouse: Warehouse) -> list[Row]:
    crm = warehouse.crm
    wins: dict[str, list[Win]] = defaultdict(list)
    for life in warehouse.lives:
        account_id = warehouse.surviving_account_id(life.row.account_id)
        if life.outcome == "won" and life.closed_at is not None and account_id is not None:
            wins[account_id].append(Win(warehouse.calendar.day(life.closed_at), life.amount))
    cohorts: dict[date, list[Customer]] = defaultdict(list)
    for customer in (Customer(tuple(its)) for its in wins.values()):
        cohorts[month_of(customer.first_day)].append(customer)
    rows = []
    for month, customers in cohorts.items():
        count = len(customers)
        last_day = add_months(month, 1) - timedelta(days=1)
        first_amount = total(one.first_amount for one in customers)
        for age in range(crm.options.triangle_months + 1):
            if add_months(last_day, age) > crm.as_of:
                break
            parts = [one.parts(age) for one in customers]
            retained = sum(bool(one.again_by_age(age)) for one in customers)
            expanded = sum(beyond > 0 for _, beyond in parts)
            retained_low, retained_high = wilson(retained, count)
            expanded_low, expanded_high = wilson(expanded, count)
            repeat_amount = total(amount for pair in parts for amount in pair)
            rows.append(
                {
                    "source_system": crm.source,
                    "cohort_month": month,
                    "age_months": age,
                    "account_count": count,
                    "first_amount": first_amount,
                    "missing_amount_count": sum(
                        win.amount is None for one in customers for win in one.by_age(age)
                    ),
                    "repeat_win_count": sum(len(one.again_by_age(age)) for one in customers),
                    "retained_count": retained,
                    "retained_rate": ratio(retained, count),
                    "retained_rate_low": retained_low,
                    "retained_rate_high": retained_high,
                    "expanded_count": expanded,
                    "expanded_rate": ratio(expanded, count),
                    "expanded_rate_low": expanded_low,
                    "expanded_rate_high": expanded_high,
                    "repeat_amount": repeat_amount,
                    "retained_amount": total(kept for kept, _ in parts),
                    "expanded_amount": total(beyond for _, beyond in parts),
                    "net_retention_rate": ratio(repeat_amount, max(first_amount, NOTHING)),
                    "as_of_date": crm.as_of,
                }
            )
    return rows
