"""Cohorts by the month of creation, followed month by month, carried out by brute force.

Belongs here: `cohort_win_triangle`. Does not belong here: rates over periods (win_rates.py).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache

from tests.reference.funnel import slices
from tests.reference.lives import Life
from tests.reference.quantities import Row, add_months, month_of, ratio, total, wilson
from tests.reference.warehouse import Warehouse

# A pipeline, a dimension and its value.
Series = tuple[str, str, str]
# Opportunities without which an age says nothing.
FEWEST = 10


def nine_places(number: Fraction) -> Decimal:
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return exact.quantize(Decimal("1e-9"), ROUND_HALF_UP)


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

    def wins(members: list[Life], age: int) -> int:
        return len(closed_by(members, age, "won")) if age >= 0 else 0

    @cache
    def step(series: Series, age: int) -> tuple[int, int]:
        """Wins at the age before and at the age, over cohorts observed at both."""
        seen = [
            members
            for (*its, month), members in cohorts.items()
            if tuple(its) == series and age in observed[month]
        ]
        before = sum(wins(members, age - 1) for members in seen)
        return before, sum(wins(members, age) for members in seen)

    @cache
    def is_told(series: Series, age: int) -> bool:
        """Whether enough opportunities have reached the age to say anything of it."""
        seen = [
            len(members)
            for (*its, month), members in cohorts.items()
            if tuple(its) == series and age in observed[month]
        ]
        return sum(seen) >= FEWEST

    @cache
    def last_told(pipeline: str) -> int:
        return max((age for age in ages if is_told((pipeline, "all", "all"), age)), default=-1)

    @cache
    def share(pipeline: str, age: int) -> Fraction | None:
        """Of all wins of the pipeline, how many have come by the age: what no later step adds."""
        last, all_of_it = last_told(pipeline), (pipeline, "all", "all")
        if age > last or not any(step(all_of_it, one)[1] for one in range(last + 1)):
            return None
        found = Fraction(1)
        for later in range(age + 1, last + 1):
            before, after = step(all_of_it, later)
            # Without a win up to here nothing has come; the first win makes a later step zero.
            found *= Fraction(before, after) if after else 1
        return found

    @cache
    def prior(series: Series) -> float | None:
        """Wins so far over the cohorts' sizes, each times what has come of it (Cape Cod)."""
        won, ripe = 0, Decimal(0)
        for (*its, month), members in cohorts.items():
            if tuple(its) == series and observed[month]:
                has_come = share(series[0], min(observed[month][-1], last_told(series[0])))
                if has_come is None:
                    return None
                won += wins(members, observed[month][-1])
                ripe += len(members) * nine_places(has_come)
        return min(1.0, won / float(ripe)) if ripe >= 5 else None

    def possible(members: list[Life], age: int, rate: float) -> float:
        """Who has won by the age has; of the others only those that are open still may have."""
        won = wins(members, age)
        most = won + sum(life.outcome == "open" for life in members)
        return min(max(rate, won / len(members)), most / len(members))

    def projection(series: Series, month: date, age: int) -> tuple[float | None, str | None]:
        """Chain ladder while it carries, then Bornhuetter–Ferguson from there."""
        members = cohorts[*series, month]
        if age in observed[month]:
            return None, None
        place = observed[month][-1] if observed[month] else -1
        expected: float = wins(members, place)
        while expected and place < age:
            before, after = step(series, place + 1)
            if not before or not is_told(series, place + 1):
                break
            expected, place = expected * after / before, place + 1
        if place == age:
            return possible(members, age, expected / len(members)), "chain_ladder"
        own = prior(series)
        expected_rate = prior((series[0], "all", "all")) if own is None else own
        will_come = share(series[0], age)
        if expected_rate is None or will_come is None:
            return None, None
        has_come = share(series[0], place) if place >= 0 else Fraction(0)
        to_come = nine_places(will_come) - nine_places(has_come)
        rate = expected / len(members) + expected_rate * float(to_come)
        return possible(members, age, rate), "bornhuetter_ferguson"

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
                "realised_rate": ratio(won_amount, max(cohort_amount, 0)),
            }
            is_seen = age in observed[month]
            projected, method = projection((pipeline, dimension, value), month, age)
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
                    "projected_win_rate": projected,
                    "projection_method": method,
                    "as_of_date": crm.as_of,
                }
            )
    return rows
