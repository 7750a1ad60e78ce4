"""Money in the reporting currency, and money shared out.

Belongs here: the plan rate, dated rates, splits to the smallest unit. Does not belong here: whose
rates hold on a day (rates.py), which amount or which day is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from tests.reference.quantities import cents
from tests.reference.rates import World, converted

# Currencies of ISO 4217 whose smallest unit is the whole, of those that tests report in.
WHOLE = {"JPY"}


@dataclass(frozen=True)
class Money:
    """Amounts of one source, converted by its own rates or by those it has to borrow."""

    world: World
    source: str
    plan_date: date

    @property
    def digits(self) -> int:
        """Places after the point that an amount in the reporting currency has."""
        return 0 if self.world.reporting in WHOLE else 2

    def by_plan(self, amount: Decimal | None, currency: str | None) -> Decimal | None:
        """At one rate for all days: that of the plan's day, or the first known one after it."""
        later = sorted(day for day in self.world.days_of_change() if day > self.plan_date)
        return self._convert(amount, currency, [self.plan_date, *later])

    def dated(
        self, amount: Decimal | None, currency: str | None, day: date | None
    ) -> Decimal | None:
        """At the rate of the day. Without a day, an amount in another currency is unknown."""
        return self._convert(amount, currency, [] if day is None else [day])

    def _convert(
        self, amount: Decimal | None, currency: str | None, days: list[date]
    ) -> Decimal | None:
        """At the first rate that is known; a missing one makes the amount unknown, never 1.0."""
        if amount is None:
            return None
        if currency in (None, self.world.reporting):
            return cents(amount).quantize(Decimal(1).scaleb(-self.digits), ROUND_HALF_EVEN)
        worth = (self.world.worth(self.source, currency, day) for day in days)
        rate = next((one for one in worth if one is not None), None)
        return None if rate is None else converted(cents(amount), rate, self.digits)

    def shared_out(
        self, amount: Decimal | None, shares: Iterable[tuple[str, Decimal]]
    ) -> list[tuple[str, Decimal, Decimal | None]]:
        """An amount in the reporting currency, in its smallest units."""
        return shared_out(amount, shares, self.digits)


def shared_out(
    amount: Decimal | None, shares: Iterable[tuple[str, Decimal]], digits: int = 2
) -> list[tuple[str, Decimal, Decimal | None]]:
    """Each with share and part: whole units first, then one each by largest remainder.

    Of shares that do not sum to one, which fails a check, only the whole units.
    """
    shares, units = sorted(shares), 10**digits
    if amount is None:
        return [(rep, share, None) for rep, share in shares]
    exact = {rep: Fraction(amount) * units * Fraction(share) for rep, share in shares}
    # Of a negative amount, too, the whole units below: then only units to add are left.
    whole = {rep: math.floor(part) for rep, part in exact.items()}
    is_all = sum(share for _, share in shares) == 1
    left = int(Fraction(amount) * units) - sum(whole.values()) if is_all else 0
    by_remainder = sorted(exact, key=lambda rep: (whole[rep] - exact[rep], rep))
    for rep in by_remainder[:left]:
        whole[rep] += 1
    return [(rep, share, Decimal(whole[rep]) / units) for rep, share in shares]
