"""Cohorts by the month of creation, followed month by month, carried out by brute force.

Belongs here: `cohort_win_triangle`. Does not belong here: rates over periods (win_rates.py).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from tests.reference.funnel import slices
from tests.reference.lives import Life
from tests.reference.quantities import Row, add_months, month_of, ratio, total, wilson
from tests.reference.warehouse import Warehouse


def cohort_win_triangle(warehouse: Warehouse) -> list[Row]:
    crm, day = warehouse.crm, warehouse.calendar.day
    cohorts: dict[tuple, list[Life]] = defaultdict(list)
    for life in warehouse.lives:
        month = month_of(day(life.row.created_at))
        if month is not None:
            for slice_ in slices(life, warehouse.key(life.owner_at_creation)):
                cohorts[life.pipeline.name, *slice_, month].append(life)
    if not cohorts:
        return []
    oldest = min(month for *_, month in cohorts)
    ages = [
        age
        for age in range(crm.options.triangle_months + 1)
        if add_months(oldest, age) <= crm.as_of
    ]

    def observed_ages(month: date) -> list[int]:
        """Ages that even a member created on the last day of the month has reached."""
        last_day = add_months(month, 1) - timedelta(days=1)
        return [age for age in ages if add_months(last_day, age) <= crm.as_of]

    observed = {month: observed_ages(month) for *_, month in cohorts}

    def closed_by(members: list[Life], age: int, outcome: str) -> list[Life]:
        return [
            life
            for life in members
            if life.outcome == outcome
            and life.closed_at is not None
            and day(life.closed_at) <= add_months(day(life.row.created_at), age)
        ]

    def factor(pipeline: str, dimension: str, value: str, age: int) -> float | None:
        """Chain ladder: wins at the age over wins a month before, cohorts observed at both."""
        now = before = 0
        for (*series, month), members in cohorts.items():
            if series == [pipeline, dimension, value] and age in observed[month]:
                now += len(closed_by(members, age, "won"))
                before += len(closed_by(members, age - 1, "won"))
        return now / before if before else None

    def projection(series: tuple[str, str, str], month: date, age: int) -> float | None:
        members = cohorts[*series, month]
        if not observed[month] or age in observed[month]:
            return None
        wins: float = len(closed_by(members, observed[month][-1], "won"))
        for later in range(observed[month][-1] + 1, age + 1):
            if (*series, later) not in factors:
                factors[*series, later] = factor(*series, later)
            step = factors[*series, later]
            if step is None:
                return None
            wins *= step
        return min(1.0, wins / len(members)) if wins else None

    factors: dict[tuple, float | None] = {}
    rows = []
    for (pipeline, dimension, value, month), members in cohorts.items():
        count = len(members)
        cohort_amount = total(life.initial_amount for life in members)
        for age in ages:
            won, lost = closed_by(members, age, "won"), closed_by(members, age, "lost")
            won_amount = total(life.amount for life in won)
            low, high = wilson(len(won), count)
            seen = {
                "won_count": len(won),
                "lost_count": len(lost),
                "open_count": count - len(won) - len(lost),
                "won_amount": won_amount,
                "win_rate": ratio(len(won), count),
                "win_rate_low": low,
                "win_rate_high": high,
                "realised_rate": ratio(won_amount, cohort_amount),
            }
            is_seen = age in observed[month]
            rows.append(
                {
                    "pipeline_key": warehouse.key(pipeline),
                    "cohort_month": month,
                    "age_months": age,
                    "dimension": dimension,
                    "dimension_value": value,
                    "cohort_count": count,
                    "cohort_amount": cohort_amount,
                    "missing_amount_count": sum(life.initial_amount is None for life in members),
                    **(seen if is_seen else dict.fromkeys(seen)),
                    "is_observed": is_seen,
                    "projected_win_rate": projection((pipeline, dimension, value), month, age),
                    "as_of_date": crm.as_of,
                }
            )
    return rows
