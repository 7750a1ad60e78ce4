"""Conversion from stage to stage, carried out by brute force.

Belongs here: `funnel_stage_conversion`, and when a cohort is mature. Does not belong here: what an
opportunity reached (lives.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

from tests.reference.lives import Life, Reached
from tests.reference.quantities import (
    Row,
    add_months,
    days_between,
    percentile,
    ratio,
    total,
    wilson,
)
from tests.reference.warehouse import Warehouse


def slices(life: Life, owner_key: str) -> Iterator[tuple[str, str]]:
    """All slices that a row counts in; the owner is the one whom the question credits."""
    yield from life.slices
    yield "owner", owner_key


@dataclass(frozen=True)
class Maturity:
    """How long opportunities take to end from a stage on, and which had that long."""

    warehouse: Warehouse

    @cached_property
    def horizons(self) -> dict[tuple[str, str], Fraction | None]:
        """Days within which 90 % of those that reached a stage had ended, of last year's ends."""
        crm = self.warehouse.crm
        year_ago = add_months(crm.as_of + timedelta(days=1), -12)
        days: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
        for life in self.warehouse.lives:
            for one in life.reached:
                age = days_between(one.at, life.closed_at)
                if one.outcome not in ("won", "lost") or age is None or age < 0:
                    continue
                if crm.calendar.day(life.closed_at) >= year_ago:
                    days[one.pipeline.name, one.stage].append(age)
        return {stage: percentile(found, Fraction(9, 10)) for stage, found in days.items()}

    def is_mature(self, start: datetime | None, pipeline: str, stage: str) -> bool:
        horizon = self.horizons.get((pipeline, stage))
        age = days_between(start, self.warehouse.crm.as_of_at)
        return horizon is not None and age is not None and age >= horizon


def funnel_stage_conversion(warehouse: Warehouse) -> list[Row]:
    maturity = Maturity(warehouse)
    cells: dict[tuple, list[Reached]] = defaultdict(list)
    for life in warehouse.lives:
        for one in life.reached:
            for slice_ in slices(life, warehouse.key(one.owner_id)):
                stage = (one.pipeline.name, one.stage, one.rank)
                cells[*stage, warehouse.calendar.month(one.at), *slice_].append(one)
    rows = []
    for (pipeline, stage, rank, month, dimension, value), members in cells.items():
        count = len(members)
        next_count = sum(one.is_next_reached for one in members)
        won_count = sum(one.outcome == "won" for one in members)
        here = [one.outcome for one in members if not one.is_next_reached]
        worth = [one for one in members if one.amount is not None and one.amount > 0]
        amount = total(one.amount for one in worth)
        next_amount = total(one.amount for one in worth if one.is_next_reached)
        won_amount = total(one.amount for one in worth if one.outcome == "won")
        lost_amount = total(
            one.amount for one in worth if not one.is_next_reached and one.outcome == "lost"
        )
        next_low, next_high = wilson(next_count, count)
        win_low, win_high = wilson(won_count, count)
        horizon = maturity.horizons.get((pipeline, stage))
        month_end = month and warehouse.calendar.start(add_months(month, 1))
        rows.append(
            {
                "pipeline_key": warehouse.key(pipeline),
                "stage_key": warehouse.stage_key(pipeline, stage),
                "stage_name": stage,
                "stage_rank": rank,
                "cohort_month": month,
                "dimension": dimension,
                "dimension_value": value,
                "reached_count": count,
                "visited_count": sum(not one.is_imputed for one in members),
                "ordered_count": sum(one.is_ordered for one in members),
                "reached_next_count": next_count,
                "won_count": won_count,
                "lost_here_count": here.count("lost"),
                "open_here_count": here.count("open"),
                "handed_off_count": here.count("handed_off"),
                "reached_amount": amount,
                "reached_next_amount": next_amount,
                "won_amount": won_amount,
                "lost_here_amount": lost_amount,
                "next_rate": ratio(next_count, count),
                "next_rate_low": next_low,
                "next_rate_high": next_high,
                "win_rate": ratio(won_count, count),
                "win_rate_low": win_low,
                "win_rate_high": win_high,
                "leakage_rate": ratio(here.count("lost"), count),
                "next_amount_rate": ratio(next_amount, amount),
                "win_amount_rate": ratio(won_amount, amount),
                "leakage_amount_rate": ratio(lost_amount, amount),
                "mature_count": sum(maturity.is_mature(one.at, pipeline, stage) for one in members),
                "horizon_days": horizon,
                "is_mature": maturity.is_mature(month_end, pipeline, stage),
                "as_of_date": warehouse.crm.as_of,
            }
        )
    return rows
