"""How long something lasts, by the textbook: one pass over everyone at every time.

Belongs here: the product-limit estimate and what is read off it. Does not belong here: who is
watched, and from when.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist

Number = int | float | Fraction


@dataclass(frozen=True)
class Watched:
    """One life, watched in (entered, ended]; from before its beginning where `entered` is None."""

    entered: Number | None
    ended: Number
    is_exit: bool

    def is_at_risk(self, time: Number) -> bool:
        return (self.entered is None or self.entered < time) and time <= self.ended


@dataclass(frozen=True)
class Step:
    """The curve from one end to the next."""

    time: Number
    at_risk: int
    exits: int
    survival: Fraction
    log_variance: Fraction

    def bound(self, sign: int) -> float:
        """An end of the 95 % log-log interval of the share that lasts longer."""
        if self.survival == 0:
            return 0.0
        share = float(self.survival)
        width = NormalDist().inv_cdf(0.975) * math.sqrt(self.log_variance) / math.log(share)
        return share ** math.exp(sign * width)


@dataclass(frozen=True)
class Curve:
    """Product-limit estimate over some lives."""

    lives: Sequence[Watched]

    @cached_property
    def steps(self) -> list[Step]:
        found = []
        survival, log_variance = Fraction(1), Fraction(0)
        for time in sorted({life.ended for life in self.lives if life.is_exit}):
            at_risk = sum(life.is_at_risk(time) for life in self.lives)
            exits = sum(life.is_exit and life.ended == time for life in self.lives)
            survival *= Fraction(at_risk - exits, at_risk)
            if at_risk > exits:
                log_variance += Fraction(exits, at_risk * (at_risk - exits))
            found.append(Step(time, at_risk, exits, survival, log_variance))
        return found

    @property
    def longest(self) -> Number:
        return max(life.ended for life in self.lives)

    @property
    def median(self) -> Number | None:
        half = Fraction(1, 2)
        return next((step.time for step in self.steps if step.survival <= half), None)

    def median_bound(self, sign: int) -> Number | None:
        """Where the lower (-1) or upper (+1) end of the interval first is one half at most."""
        return next((step.time for step in self.steps if step.bound(sign) <= 0.5), None)

    @property
    def restricted_mean(self) -> Fraction | None:
        """The area under the curve up to the longest life seen."""
        if not self.steps:
            return None
        area, since, height = Fraction(0), Fraction(0), Fraction(1)
        for step in self.steps:
            area += height * (Fraction(step.time) - since)
            since, height = Fraction(step.time), step.survival
        return area + height * (Fraction(self.longest) - since)
