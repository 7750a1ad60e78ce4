"""What one unit of a currency is worth on a day, asked for one day at a time.

Belongs here: lists of rates as CRMs keep them, and what they say of a day.
Does not belong here: SQL, intervals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True)
class Listed:
    """A line of a list: the rate holds from that day until the next line of its currency."""

    currency: str
    valid_from: date
    rate: float


@dataclass(frozen=True)
class RateList:
    """One source's list: units of each currency for one of `base` (of no known one if None)."""

    source: str
    base: str | None
    lines: tuple[Listed, ...] = ()

    def units(self, currency: str, day: date) -> float | None:
        """Units of the currency for one of the base."""
        if currency == self.base:
            return 1.0
        begun = [
            line for line in self.lines if line.currency == currency and line.valid_from <= day
        ]
        return max(begun, key=lambda line: line.valid_from).rate if begun else None

    def names(self, currency: str) -> bool:
        return any(line.currency == currency for line in self.lines) or (
            currency == self.base and bool(self.lines)
        )

    def has(self, currency: str, reporting: str) -> bool:
        """Whether the list can ever say what the currency is worth."""
        return self.names(currency) and (reporting == self.base or self.names(reporting))


@dataclass(frozen=True)
class World:
    """Every list, those written for the warehouse before those of a CRM, and who asks."""

    reporting: str
    written: tuple[RateList, ...]
    crm: RateList

    def lender(self, source: str, currency: str) -> RateList | None:
        lists = [*sorted(self.written, key=lambda each: each.source), self.crm]
        able = [each for each in lists if each.has(currency, self.reporting)]
        own = [each for each in able if each.source == source]
        return (own or able or [None])[0]

    def worth(self, source: str, currency: str, day: date) -> float | None:
        """One unit of the currency in the reporting currency; None where nobody knows."""
        if currency == self.reporting:
            return 1.0
        lender = self.lender(source, currency)
        if lender is None:
            return None
        units, reporting = lender.units(currency, day), lender.units(self.reporting, day)
        return None if units is None or reporting is None else reporting / units

    def days_of_change(self) -> Iterable[date]:
        return {line.valid_from for each in (*self.written, self.crm) for line in each.lines}


def converted(amount: Decimal, rate: float, digits: int = 2) -> Decimal:
    """Exactly, by the rate as it is written (to 16 places), rounded half to even."""
    place = Decimal("1e-16")
    exact = amount * Decimal(repr(rate)).quantize(place, rounding="ROUND_HALF_UP")
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
