"""Days, durations, money and shares, as every part of the reference counts them.

Belongs here: arithmetic with a definition of its own. Does not belong here: anything that knows
what an opportunity is.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from statistics import NormalDist
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]


@dataclass(frozen=True)
class Calendar:
    """Days in the business time zone; instants are UTC and bear no zone."""

    time_zone: str

    def day(self, instant: datetime | None) -> date | None:
        if instant is None:
            return None
        return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(self.time_zone)).date()

    def start(self, day: date) -> datetime:
        """The instant at which the day begins."""
        local = datetime.combine(day, time(), ZoneInfo(self.time_zone))
        return local.astimezone(UTC).replace(tzinfo=None)

    def month(self, instant: datetime | None) -> date | None:
        return month_of(self.day(instant))


def second_of(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def days_between(start: datetime | None, end: datetime | None) -> Fraction | None:
    """Days as an exact fraction."""
    if start is None or end is None:
        return None
    return Fraction((end - start) // timedelta(microseconds=1), 86_400_000_000)


def add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_of(day: date | None) -> date | None:
    return None if day is None else date(day.year, day.month, 1)


def quarter_of(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """Sum of what is known."""
    return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))


def percentile(values: list[Fraction], share: Fraction) -> Fraction | None:
    """Linear between the two nearest of n values, the first at share 0 and the last at share 1."""
    if not values:
        return None
    values = sorted(values)
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def ratio(numerator: Decimal | int, denominator: Decimal | int) -> float | None:
    return float(numerator) / float(denominator) if denominator else None


def wilson(successes: Decimal | int, trials: Decimal | int) -> tuple[float | None, float | None]:
    """The 95 % score interval, from the textbook form: centre ± half width."""
    if not trials:
        return None, None
    n, p, z = float(trials), float(successes) / float(trials), NormalDist().inv_cdf(0.975)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half_width), min(1.0, centre + half_width)
