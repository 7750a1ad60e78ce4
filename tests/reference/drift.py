"""Whether wins come at the ages at which those of the pipeline do, one opportunity at a time.

Belongs here: bands of ages, wins observed and expected in them, and SciPy's word on both. Does not
belong here: the share of wins that comes by an age (curves.py), the rate itself (win_rates.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from scipy import stats

from tests.reference.curves import Development, day_of, six_places
from tests.reference.lives import Life
from tests.reference.quantities import Row

BANDS = 4
LEAST_EXPECTED = 5
CHANCE = 0.01
NOTHING: Row = {"drift_chi_square": None, "drift_degrees": None, "is_drifting": None}


@dataclass(frozen=True)
class Bands:
    """The ages of a pipeline in bands, as the share of its wins that has come by each day says."""

    shares: Sequence[Decimal]

    def of_day(self, day: int) -> int:
        """Counted from 0, by what had come before the day."""
        before = self.shares[day - 2] if day > 1 else Decimal(0)
        return min(int(before * BANDS), BANDS - 1)

    @cached_property
    def ends(self) -> list[Decimal]:
        """What has come by the end of each band."""
        days = range(1, len(self.shares) + 1)
        return [
            max(self.shares[day - 1] for day in days if self.of_day(day) <= band)
            for band in range(BANDS)
        ]

    def parts(self, day: int) -> list[Decimal]:
        """What of each band has come by the day."""
        come = [min(self.shares[day - 1], end) for end in [Decimal(0), *self.ends]]
        return [after - before for before, after in pairwise(come)]


def bands_of(development: Development, pipeline: str) -> Bands | None:
    curve = development.curves.get(pipeline, [])
    if not curve or not curve[-1].won_share:
        return None
    whole = curve[-1].won_share
    return Bands([six_places(Decimal(step.won_share / whole)) for step in curve])


def drift(members: Iterable[Life], development: Development) -> Row:
    """Of opportunities of one pipeline."""
    members = list(members)
    bands = bands_of(development, members[0].pipeline.name)
    if bands is None:
        return NOTHING
    last_day, as_of_at = len(bands.shares), development.warehouse.crm.as_of_at
    won, come = [0] * BANDS, [Fraction(0)] * BANDS
    for life in members:
        parts = bands.parts(min(day_of(life.row.created_at, as_of_at), last_day))
        come = [known + Fraction(part) for known, part in zip(come, parts, strict=True)]
        if life.outcome == "won" and life.closed_at and life.closed_at >= life.row.created_at:
            won[bands.of_day(min(day_of(life.row.created_at, life.closed_at), last_day))] += 1
    return compared(won, come)


def compared(won: Sequence[int], come: Sequence[Fraction]) -> Row:
    """Observed against expected, where at least two groups of bands expect enough."""
    if not sum(won) or not sum(come):
        return NOTHING
    expected = [Fraction(sum(won)) * share / sum(come) for share in come]
    groups = [[band] for band in range(BANDS) if expected[band] >= LEAST_EXPECTED]
    rest = [band for band in range(BANDS) if expected[band] < LEAST_EXPECTED]
    if sum(expected[band] for band in rest) >= LEAST_EXPECTED:
        groups.append(rest)
    elif groups:
        groups[-1] += rest
    if len(groups) < 2:
        return NOTHING
    result = stats.chisquare(
        [sum(won[band] for band in group) for group in groups],
        [float(sum(expected[band] for band in group)) for group in groups],
    )
    return {
        "drift_chi_square": float(result.statistic),
        "drift_degrees": len(groups) - 1,
        "is_drifting": bool(result.pvalue < CHANCE),
    }
