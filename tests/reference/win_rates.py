"""Win rates under each of their definitions, carried out by brute force.

Belongs here: `win_rate`, and when an open opportunity is stale. Does not belong here: cohorts by
age (cohorts.py).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from statistics import NormalDist

from tests.reference.curves import Development, six_places
from tests.reference.drift import NOTHING, drift
from tests.reference.funnel import Maturity, slices
from tests.reference.lives import Life
from tests.reference.quantities import (
    Row,
    add_months,
    month_of,
    percentile,
    quarter_of,
    ratio,
    total,
    wilson,
)
from tests.reference.warehouse import Warehouse


@dataclass(frozen=True)
class Staleness:
    """How old an opportunity may become before it counts as lost."""

    warehouse: Warehouse

    @cached_property
    def stale_days(self) -> dict[str, int | None]:
        """Whole days after which an open opportunity of a pipeline counts as lost."""
        found = {}
        for name in self.warehouse.pipelines:
            cycles = [
                life.cycle_days("won")
                for life in self.warehouse.lives
                if life.pipeline.name == name and life.cycle_days("won") is not None
            ]
            oldest = percentile(cycles, Fraction(95, 100))
            found[name] = None if oldest is None else math.ceil(oldest)
        return found

    def stale_date(self, life: Life) -> date | None:
        """Ages are time that has passed: a change of the clock makes no day longer."""
        days, created_at = self.stale_days[life.pipeline.name], life.row.created_at
        if days is None or created_at is None:
            return None
        return self.warehouse.calendar.day(created_at + timedelta(days=days))


def is_no_decision(life: Life, warehouse: Warehouse) -> bool:
    """Lost to nobody, by its reason, or without one by its stage, as rows or people call it."""
    reasons = [life.row.loss_reason]
    if life.row.loss_reason is None:
        reasons = [life.last.stage, life.pipeline.labels[life.last.stage]]
    said = {one.strip().lower() for one in warehouse.crm.options.no_decision_reasons}
    return life.outcome == "lost" and any(one.strip().lower() in said for one in reasons)


def adjusted(members: list[Life], development: Development) -> Row:
    """Cape Cod: wins over the shares that have come of what each member may still be."""
    won = sum(life.outcome == "won" for life in members)
    shares = [development.share(life) for life in members]
    total_share = sum(shares, Decimal(0))
    is_known = total_share >= 5
    low, high = partial_wilson(won, shares) if is_known else (None, None)
    return {
        "numerator": Decimal(won),
        "denominator": total_share,
        "value": min(1.0, won / float(total_share)) if is_known else None,
        "value_low": low,
        "value_high": high,
    }


def partial_wilson(won: int, shares: list[Decimal]) -> tuple[float, float]:
    """The chances p at which the wins lie 1.96 standard errors off, found by bisection."""
    whole = float(sum(shares))
    squares = float(sum(six_places(share * share) for share in shares))
    z, wins = NormalDist().inv_cdf(0.975), min(won, whole)

    def too_far(p: float) -> bool:
        return (wins - p * whole) ** 2 > z**2 * (p * whole - p**2 * squares)

    def edge(near: float, far: float) -> float:
        if not too_far(far):
            return far
        for _ in range(200):
            middle = (near + far) / 2
            near, far = (near, middle) if too_far(middle) else (middle, far)
        return near

    value = wins / whole
    return edge(value, 0.0), edge(value, 1.0)


Metric = tuple[Callable[[Life], bool], Callable[[Life], date | None], Callable[[Life], str | None]]


def metrics_of(warehouse: Warehouse) -> dict[str, Metric]:
    """Of each metric: who belongs to it, on which day, to the credit of whom."""
    maturity, staleness, day = Maturity(warehouse), Staleness(warehouse), warehouse.calendar.day

    def is_stale(life: Life) -> bool:
        stale = staleness.stale_date(life)
        return not life.is_closed and stale is not None and stale <= warehouse.crm.as_of

    def is_mature(life: Life) -> bool:
        first_stage = life.pipeline.open_stages[0]
        return maturity.is_mature(life.row.created_at, life.pipeline.name, first_stage)

    def closed_date(life: Life) -> date | None:
        return day(life.closed_at)

    def closer(life: Life) -> str | None:
        return life.owner_at_close if life.is_closed else life.row.owner_id

    return {
        "win_rate_period_narrow": (
            lambda life: life.is_closed and not is_no_decision(life, warehouse),
            closed_date,
            closer,
        ),
        "win_rate_period_broad": (lambda life: life.is_closed, closed_date, closer),
        "win_rate_value": (
            lambda life: life.is_closed and (life.amount or 0) > 0,
            closed_date,
            closer,
        ),
        "win_rate_qualified": (
            lambda life: life.is_closed and life.is_qualified,
            closed_date,
            closer,
        ),
        "win_rate_cohort_mature": (
            is_mature,
            lambda life: day(life.row.created_at),
            lambda life: life.owner_at_creation,
        ),
        "win_rate_cohort_adjusted": (
            lambda life: life.row.created_at is not None,
            lambda life: day(life.row.created_at),
            lambda life: life.owner_at_creation,
        ),
        "win_rate_stale_adjusted": (
            lambda life: life.is_closed or is_stale(life),
            lambda life: closed_date(life) if life.is_closed else staleness.stale_date(life),
            closer,
        ),
    }


def win_rate(warehouse: Warehouse) -> list[Row]:
    metrics, development = metrics_of(warehouse), Development(warehouse)
    cells: dict[tuple, list[Life]] = defaultdict(list)
    for metric_id, (belongs, day, owner) in metrics.items():
        for life in filter(belongs, warehouse.lives):
            periods: list[tuple[str, date | None]] = [("all", None)]
            if day(life) is not None:
                periods.append(("month", month_of(day(life))))
                periods.append(("quarter", quarter_of(day(life))))
            for period in periods:
                for slice_ in slices(life, warehouse.key(owner(life))):
                    cells[metric_id, life.pipeline.name, *period, *slice_].append(life)
    today = warehouse.crm.as_of + timedelta(days=1)
    rows = []
    for (metric_id, pipeline, grain, start, dimension, value), members in cells.items():
        won = [life for life in members if life.outcome == "won"]
        is_money = metric_id == "win_rate_value"
        numerator = total(life.amount for life in won) if is_money else len(won)
        denominator = total(life.amount for life in members) if is_money else len(members)
        low, high = (None, None) if is_money else wilson(numerator, denominator)
        its = {
            "numerator": Decimal(numerator),
            "denominator": Decimal(denominator),
            "value": ratio(numerator, denominator),
            "value_low": low,
            "value_high": high,
            **NOTHING,
        }
        if metric_id == "win_rate_cohort_adjusted":
            its = adjusted(members, development) | drift(members, development)
        next_start = start and add_months(start, 1 if grain == "month" else 3)
        rows.append(
            {
                "metric_id": metric_id,
                "pipeline_key": warehouse.key(pipeline),
                "grain": grain,
                "period_start": start,
                "dimension": dimension,
                "dimension_value": value,
                **its,
                "member_count": len(members),
                "censored_count": sum(not life.is_closed for life in members),
                "is_mature": next_start is None or next_start <= today,
                "as_of_date": warehouse.crm.as_of,
            }
        )
    return rows
