"""Money in the reporting currency, and money shared out.

Belongs here: the plan rate, dated rates, splits to the cent. Does not belong here: whose rates hold
on a day (rates.py), which amount or which day is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reference.quantities import cents
from tests.reference.rates import World, converted


@dataclass(frozen=True)
class Money:
    """Amounts of one source, converted by its own rates or by those it has to borrow."""

    world: World
    source: str
    plan_date: date

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
        if amount is None or currency in (None, self.world.reporting):
            return cents(amount)
        worth = (self.world.worth(self.source, currency, day) for day in days)
        rate = next((one for one in worth if one is not None), None)
        return None if rate is None else converted(cents(amount), rate)


def shared_out(
    amount: Decimal | None, shares: Iterable[tuple[str, Decimal]]
) -> list[tuple[str, Decimal, Decimal | None]]:
    """Each rep with share and part: whole cents first, then a cent each by largest remainder.

    Of shares that do not sum to one, which fails a check, only the whole cents.
    """
    shares = sorted(shares)
    if amount is None:
        return [(rep, share, None) for rep, share in shares]
    exact = {rep: Fraction(amount) * 100 * Fraction(share) for rep, share in shares}
    # Of a negative amount, too, the whole cents below: then only cents to add are left.
    whole = {rep: math.floor(part) for rep, part in exact.items()}
    is_all = sum(share for _, share in shares) == 1
    left = int(Fraction(amount) * 100) - sum(whole.values()) if is_all else 0
    by_remainder = sorted(exact, key=lambda rep: (whole[rep] - exact[rep], rep))
    for rep in by_remainder[:left]:
        whole[rep] += 1
    return [(rep, share, Decimal(whole[rep]) / 100) for rep, share in shares]
