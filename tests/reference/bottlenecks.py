"""What a stage costs, carried out by brute force.

Belongs here: `funnel_bottleneck`, with its draws. Does not belong here: conversion and maturity
(funnel.py), time in stage (exits.py).
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from tests.reference.exits import days_of_year, year_of_stays
from tests.reference.funnel import Maturity
from tests.reference.lives import Life, Reached
from tests.reference.quantities import (
    Row,
    add_months,
    cents,
    percentile,
    quarter_of,
    ratio,
    total,
    wilson,
)
from tests.reference.warehouse import Warehouse

DRAWS = 500
QUARTERS_NOW, QUARTERS_KNOWN, LEAST_ENTRIES = 4, 12, 10
Share = Fraction | float


def normal_of(text: str) -> float:
    """A standard normal number by Box and Muller, of the first and second half of a digest."""
    digest = hashlib.md5(text.encode()).hexdigest()
    first, second = ((int(digest[at : at + 12], 16) + 0.5) / 2**48 for at in (0, 16))
    return math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * second)


def drawn_share(successes: int, trials: int, normal: float) -> float:
    angle = math.asin(math.sqrt((successes + 3 / 8) / (trials + 3 / 4)))
    angle += normal / (2 * math.sqrt(trials + 1 / 2))
    return math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2


@dataclass(frozen=True)
class Quarter:
    """What reached a stage in a quarter, and what became of it: won for how much in the end."""

    start: date
    count: int
    next_count: int
    won_count: int
    won_amount: Decimal

    def share(self, stage_key: str, draw: int) -> Share:
        """As observed in draw 0, as it could have come out in all others."""
        if draw == 0:
            return Fraction(self.next_count, self.count)
        return drawn_share(
            self.next_count, self.count, normal_of(f"{stage_key} {self.start} {draw}")
        )


@dataclass(frozen=True)
class Stage:
    """An open stage with its mature quarters, newest first, and the days spent in it."""

    key: str
    name: str
    quarters: tuple[Quarter, ...]
    deal_days: Fraction | None
    deal_days_error: float | None

    @property
    def now(self) -> tuple[Quarter, ...]:
        return self.quarters[:QUARTERS_NOW]

    @property
    def known(self) -> list[Quarter]:
        """Of which the best are chosen."""
        known = self.quarters[:QUARTERS_KNOWN]
        return [quarter for quarter in known if quarter.count >= LEAST_ENTRIES]

    def next_rate(self, draw: int) -> Share | None:
        if not self.now:
            return None
        through = sum(quarter.count * quarter.share(self.key, draw) for quarter in self.now)
        return through / sum(quarter.count for quarter in self.now)

    def target_rate(self, draw: int) -> Share | None:
        shares = sorted((quarter.share(self.key, draw) for quarter in self.known), reverse=True)
        if not shares:
            return None
        return max(percentile(shares[:QUARTERS_NOW], Fraction(3, 4)), self.next_rate(draw))

    def drawn_days(self, draw: int) -> float | None:
        if self.deal_days is None or self.deal_days_error is None:
            return None
        normal = normal_of(f"{self.key} days {draw}")
        return max(0.0, float(self.deal_days) + normal * self.deal_days_error)


@dataclass(frozen=True)
class Funnel:
    """The open stages of a pipeline, in order."""

    pipeline_key: str
    stages: tuple[Stage, ...]
    as_of: date

    def win_rate(self, draw: int) -> Share | None:
        rates = [stage.next_rate(draw) for stage in self.stages]
        return None if None in rates else math.prod(rates)

    def gain(self, lifted: Stage, draw: int) -> Share | None:
        """What lifting one stage adds to the share that is won in the end."""
        others = [one.next_rate(draw) for one in self.stages if one is not lifted]
        target, rate = lifted.target_rate(draw), lifted.next_rate(draw)
        if None in (*others, target, rate):
            return None
        return math.prod(others) * (target - rate)

    @cached_property
    def first_gain(self) -> dict[str, Fraction]:
        return first_places(
            {stage.key: self.gain(stage, draw) for stage in self.stages}
            for draw in range(1, DRAWS + 1)
        )

    @cached_property
    def first_days(self) -> dict[str, Fraction]:
        return first_places(
            {stage.key: stage.drawn_days(draw) for stage in self.stages}
            for draw in range(1, DRAWS + 1)
        )


def first_places(draws: Iterable[dict[str, Share | None]]) -> dict[str, Fraction]:
    """In what share of the draws a stage is first; those that are first together share it."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for values in draws:
        known = {key: round(value, 12) for key, value in values.items() if value is not None}
        first = [key for key, value in known.items() if value == max(known.values())]
        for key in known:
            found[key] += Fraction(key in first, len(first) * DRAWS)
    return found


def ranks(values: list[Share | Decimal | None]) -> list[int | None]:
    """Largest first, of equals the earlier stage; none without a value."""
    order = sorted(
        (at for at, value in enumerate(values) if value is not None),
        key=lambda at: (-values[at], at),
    )
    return [order.index(at) + 1 if at in order else None for at in range(len(values))]


def money(amount: Fraction | None) -> Decimal | None:
    if amount is None:
        return None
    return cents((Decimal(amount.numerator) / amount.denominator).quantize(Decimal("0.000001")))


def rows_of(funnel: Funnel) -> list[Row]:
    entries = funnel.stages[0].now
    won_count = sum(quarter.won_count for quarter in entries)
    entry_count = sum(quarter.count for quarter in entries) if entries else None
    mean = Fraction(total(quarter.won_amount for quarter in entries)) / (won_count or 1)

    def worth(share: Share | None) -> Fraction | None:
        return entry_count * mean * share if share is not None and won_count else None

    gains = [worth(funnel.gain(stage, 0)) for stage in funnel.stages]
    days = [stage.deal_days for stage in funnel.stages]
    all_days = sum(one for one in days if one is not None)
    rows = []
    for rank, (stage, gain, gain_rank, days_rank) in enumerate(
        zip(funnel.stages, gains, ranks(gains), ranks(days), strict=True), start=1
    ):
        reached = sum(quarter.count for quarter in stage.now)
        through = sum(quarter.next_count for quarter in stage.now)
        low, high = wilson(through, reached)
        has_days = stage.deal_days is not None and all_days
        rows.append(
            {
                "pipeline_key": funnel.pipeline_key,
                "stage_key": stage.key,
                "stage_name": stage.name,
                "stage_rank": rank,
                "first_quarter_start": stage.now[-1].start if stage.now else None,
                "quarter_count": len(stage.now),
                "reached_count": reached,
                "reached_next_count": through,
                "next_rate": ratio(through, reached),
                "next_rate_low": low,
                "next_rate_high": high,
                "target_rate": stage.target_rate(0),
                "target_quarter_count": min(len(stage.known), QUARTERS_NOW),
                "entry_count": entry_count,
                "mean_won_amount": money(mean) if won_count else None,
                "expected_amount": money(worth(funnel.win_rate(0))),
                "gain_amount": money(gain),
                "gain_rank": gain_rank,
                "first_gain_probability": funnel.first_gain.get(stage.key),
                "deal_days": stage.deal_days,
                "deal_days_share": stage.deal_days / all_days if has_days else None,
                "deal_days_rank": days_rank,
                "first_days_probability": funnel.first_days.get(stage.key),
                "as_of_date": funnel.as_of,
            }
        )
    return rows


# --- of a warehouse --------------------------------------------------------------------------


def quarters_of(warehouse: Warehouse) -> dict[tuple[str, str], tuple[Quarter, ...]]:
    """Mature ones, by stage, newest first."""
    maturity = Maturity(warehouse)
    members: dict[tuple, list[tuple[Life, Reached]]] = defaultdict(list)
    for life in warehouse.lives:
        for one in life.reached:
            if one.at is not None:
                quarter = quarter_of(warehouse.calendar.day(one.at))
                members[one.pipeline.name, one.stage, quarter].append((life, one))
    found: dict[tuple[str, str], list[Quarter]] = defaultdict(list)
    for pipeline, stage, start in sorted(members, reverse=True):
        end = warehouse.calendar.start(add_months(start, 3))
        if not maturity.is_mature(end, pipeline, stage):
            continue
        entered = members[pipeline, stage, start]
        won = [life for life, one in entered if one.outcome == "won"]
        found[pipeline, stage].append(
            Quarter(
                start=start,
                count=len(entered),
                next_count=sum(one.is_next_reached for _, one in entered),
                won_count=len(won),
                won_amount=total(life.amount for life in won),
            )
        )
    return {place: tuple(quarters) for place, quarters in found.items()}


def funnel_bottleneck(warehouse: Warehouse) -> list[Row]:
    quarters, stays = quarters_of(warehouse), year_of_stays(warehouse)

    def stage_of(place: tuple[str, str]) -> Stage:
        days = days_of_year(stays.get((place, "all", "all"), []))
        return Stage(
            key=warehouse.stage_key(*place),
            name=place[1],
            quarters=quarters.get(place, ()),
            deal_days=days["deal_days"],
            deal_days_error=days["deal_days_error"],
        )

    return [
        row
        for pipeline in warehouse.pipelines.values()
        for row in rows_of(
            Funnel(
                pipeline_key=warehouse.key(pipeline.name),
                stages=tuple(stage_of((pipeline.name, name)) for name in pipeline.open_stages),
                as_of=warehouse.crm.as_of,
            )
        )
    ]
