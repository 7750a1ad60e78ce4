"""Curves of what becomes of opportunities with time, where many are open still, by brute force.

Belongs here: spells at risk, the Aalen–Johansen estimate with its interval from the textbook sums,
`cohort_cumulative_incidence`, and the share of wins that have come by an age. Does not belong here:
cohorts by month (cohorts.py), win rates (win_rates.py).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from statistics import NormalDist

from tests.reference.funnel import slices
from tests.reference.lives import Life
from tests.reference.quantities import Row, days_between
from tests.reference.warehouse import Warehouse

LEAST_AT_RISK = 10


def day_of(start: datetime, instant: datetime) -> int:
    """The day since the start in which an instant lies: 1 for all of the first 24 hours."""
    days = days_between(start, instant)
    return max(math.ceil(days), 1)


@dataclass(frozen=True)
class Spell:
    """Whole days: at risk from the day after `entry` to `exit`, in which it ends by `outcome`."""

    entry: int
    exit: int
    outcome: str

    def is_at_risk(self, day: int) -> bool:
        return self.entry < day <= self.exit


def spell_of(life: Life, start: datetime | None, as_of_at: datetime) -> Spell | None:
    end = life.closed_at if life.is_closed else as_of_at
    if start is None or end is None or end < start:
        return None
    is_seen_late = life.is_left_truncated and life.observed_from_at > start
    entry = day_of(start, life.observed_from_at) if is_seen_late else 0
    return Spell(entry, day_of(start, end), life.outcome)


@dataclass(frozen=True)
class Step:
    """One day of a curve: who was at risk in it, what came of them, and what that adds up to."""

    day: int
    at_risk: int
    won: int
    lost: int
    censored: int
    entered: int
    won_share: float
    lost_share: float
    open_share: float
    open_share_before: float


def curve_of(spells: Iterable[Spell]) -> list[Step]:
    """Up to the first day on which fewer than ten are at risk."""
    spells = [spell for spell in spells if spell.entry < spell.exit]
    steps: list[Step] = []
    won_share, lost_share, open_share = 0.0, 0.0, 1.0
    while True:
        day = len(steps) + 1
        at_risk = [spell for spell in spells if spell.is_at_risk(day)]
        if len(at_risk) < LEAST_AT_RISK:
            return steps
        ends = [spell.outcome for spell in at_risk if spell.exit == day]
        won, lost, before = ends.count("won"), ends.count("lost"), open_share
        won_share += before * won / len(at_risk)
        lost_share += before * lost / len(at_risk)
        open_share *= 1 - (won + lost) / len(at_risk)
        steps.append(
            Step(
                day=day,
                at_risk=len(at_risk),
                won=won,
                lost=lost,
                censored=ends.count("open"),
                entered=sum(spell.entry == day for spell in spells),
                won_share=won_share,
                lost_share=lost_share,
                open_share=open_share,
                open_share_before=before,
            )
        )


def variance_of_won_share(steps: list[Step]) -> float:
    """By the delta method, at the last of the steps (Marubini and Valsecchi, 1995)."""
    last, variance = steps[-1].won_share, 0.0
    for step in steps:
        closed, rest = step.won + step.lost, last - step.won_share
        if closed < step.at_risk:
            variance += rest**2 * closed / (step.at_risk * (step.at_risk - closed))
        variance += (
            step.open_share_before**2 * step.won * (step.at_risk - step.won) / step.at_risk**3
        )
        variance -= 2 * rest * step.open_share_before * step.won / step.at_risk**2
    return variance


def interval_of(share: float, variance: float) -> tuple[float | None, float | None]:
    """95 %, symmetric on the scale of log(-log(1 - share)); of none or all there is none."""
    if not 0 < share < 1:
        return None, None
    centre = math.log(-math.log(1 - share))
    slope = 1 / ((1 - share) * -math.log(1 - share))
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(max(variance, 0)) * slope

    def back(place: float) -> float:
        return 1 - math.exp(-math.exp(place))

    return back(centre - reach), back(centre + reach)


def cohort_cumulative_incidence(warehouse: Warehouse) -> list[Row]:
    series: dict[tuple[str, str, str], list[Spell]] = defaultdict(list)
    for life in warehouse.lives:
        spell = spell_of(life, life.qualified_at, warehouse.crm.as_of_at)
        if spell is not None:
            for slice_ in slices(life, warehouse.key(life.owner_at_creation)):
                series[life.pipeline.name, *slice_].append(spell)
    return [
        {
            "pipeline_key": warehouse.key(pipeline),
            "dimension": dimension,
            "dimension_value": value,
            **row,
            "as_of_date": warehouse.crm.as_of,
        }
        for (pipeline, dimension, value), spells in series.items()
        for row in incidence_rows(spells)
    ]


def incidence_rows(spells: Iterable[Spell]) -> Iterator[Row]:
    """The columns of the mart that do not depend on whose curve it is."""
    steps = curve_of(spells)
    for number, step in enumerate(steps, start=1):
        low, high = interval_of(step.won_share, variance_of_won_share(steps[:number]))
        yield {
            "days": step.day,
            "at_risk_count": step.at_risk,
            "won_count": step.won,
            "lost_count": step.lost,
            "censored_count": step.censored,
            "entered_count": step.entered,
            "win_incidence": step.won_share,
            "win_incidence_low": low,
            "win_incidence_high": high,
            "loss_incidence": step.lost_share,
            "open_share": step.open_share,
        }


@dataclass(frozen=True)
class Development:
    """How much of all that a pipeline will ever win has come by an age in days."""

    warehouse: Warehouse

    @cached_property
    def curves(self) -> dict[str, list[Step]]:
        spells: dict[str, list[Spell]] = defaultdict(list)
        for life in self.warehouse.lives:
            spell = spell_of(life, life.row.created_at, self.warehouse.crm.as_of_at)
            if spell is not None:
                spells[life.pipeline.name].append(spell)
        return {name: curve_of(its) for name, its in spells.items()}

    def share(self, life: Life) -> Decimal:
        """Of the age of today, to six places; 0 where nothing of the pipeline was ever won."""
        curve = self.curves.get(life.pipeline.name, [])
        if not curve or not curve[-1].won_share:
            return Decimal(0)
        age = day_of(life.row.created_at, self.warehouse.crm.as_of_at)
        share = curve[min(age, len(curve)) - 1].won_share / curve[-1].won_share
        return six_places(Decimal(share))


def six_places(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.000001"), ROUND_HALF_UP)
