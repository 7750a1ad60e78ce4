"""From lead to win by cohort, carried out by brute force.

Belongs here: `funnel_lead_to_win`, the Kaplan–Meier median of the wait for a first touch. Does not
belong here: what a lead went through (leads.py, episodes.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

from tests.reference.episodes import Episode, episodes_of
from tests.reference.leads import Leads
from tests.reference.quantities import Row, add_months, days_between, percentile, ratio, wilson
from tests.reference.warehouse import Warehouse

HORIZONS = (30, 60, 90)
PACES = {"5_minutes": Fraction(1, 12), "1_hour": Fraction(1), "24_hours": Fraction(24)}


def kaplan_meier_median(waits: Iterable[tuple[Fraction, bool]]) -> Fraction | None:
    """The first duration by which, of what may still end, half has: of (duration, has ended).

    At equal durations, ends come before censorings.
    """
    waits = list(waits)
    survival = Fraction(1)
    for duration in sorted({wait for wait, has_ended in waits if has_ended}):
        at_risk = sum(wait >= duration for wait, _ in waits)
        ended = sum(has_ended and wait == duration for wait, has_ended in waits)
        survival *= 1 - Fraction(ended, at_risk)
        if survival <= Fraction(1, 2):
            return duration
    return None


def funnel_lead_to_win(warehouses: list[Warehouse]) -> list[Row]:
    """Of all sources together, which share zone and newest night."""
    crm = warehouses[0].crm
    today = crm.as_of_at
    cells: dict[tuple, list[Episode]] = defaultdict(list)
    for warehouse in warehouses:
        leads = Leads(warehouse)
        for one in (each for lead in leads.journeys for each in episodes_of(leads, lead)):
            month = crm.calendar.month(one.started_at)
            row = one.lead.row
            for slice_ in (
                ("all", "all"),
                ("owner", warehouse.key(row.owner_id)),
                ("lead_source", row.lead_source or "unknown"),
                ("campaign", warehouse.key(one.lead.first_campaign_id)),
            ):
                cells[month, *slice_].append(one)
    rows = []
    for (month, dimension, value), members in cells.items():
        counts = {
            "lead_count": len(members),
            "mql_count": sum(one.has_taken("mql") for one in members),
            "sql_count": sum(one.has_taken("sql") for one in members),
            "opportunity_count": sum(one.life is not None for one in members),
            "won_count": sum(one.is_won for one in members),
        }
        cell: Row = {
            "cohort_month": month,
            "dimension": dimension,
            "dimension_value": value,
            **counts,
            "censored_count": sum(
                one.outcome == "open" or (one.life is not None and one.life.outcome == "open")
                for one in members
            ),
        }
        ages = {id(one): days_between(one.started_at, today) for one in members}
        for days in HORIZONS:
            old = [one for one in members if ages[id(one)] is not None and ages[id(one)] >= days]
            soon = [one for one in old if one.days_to_win is not None and one.days_to_win <= days]
            cell[f"mature_{days}_days_count"] = len(old)
            cell[f"won_within_{days}_days"] = len(soon) if old else None
            cell |= with_interval(f"won_within_{days}_days_rate", len(soon), len(old))
        for name, numerator, denominator in (
            ("mql_rate", "mql_count", "lead_count"),
            ("sql_rate", "sql_count", "mql_count"),
            ("opportunity_rate", "opportunity_count", "sql_count"),
            ("win_rate", "won_count", "opportunity_count"),
            ("lead_win_rate", "won_count", "lead_count"),
        ):
            cell |= with_interval(name, counts[numerator], counts[denominator])
        hours = [one.hours_to_first_touch for one in members]
        touched = [one for one in hours if one is not None]
        days_to_win = [one.days_to_win for one in members if one.days_to_win is not None]
        cell["median_days_to_win"] = percentile(days_to_win, Fraction(1, 2))
        cell["touched_count"] = len(touched)
        for name, limit in PACES.items():
            cell[f"touched_within_{name}"] = sum(one <= limit for one in touched)
        cell["median_hours_to_first_touch"] = kaplan_meier_median(
            (watched_hours(one, today), False) if wait is None else (wait, True)
            for one, wait in zip(members, hours, strict=True)
            if month is not None
        )
        month_end = month and crm.calendar.start(add_months(month, 1))
        cell["is_mature"] = month_end is not None and days_between(month_end, today) >= 90
        cell["as_of_date"] = crm.as_of
        rows.append(cell)
    return rows


def watched_hours(one: Episode, today: datetime) -> Fraction:
    """How long it was seen that nobody touched it: until it came in again, or today."""
    days = days_between(one.started_at, min(today, one.ended_at or today))
    assert days is not None
    return days * 24


def with_interval(name: str, numerator: int, denominator: int) -> Row:
    low, high = wilson(numerator, denominator)
    return {name: ratio(numerator, denominator), f"{name}_low": low, f"{name}_high": high}
