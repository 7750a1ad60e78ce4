"""Fiscal calendars by walking through them day by day.

Belongs here: what `dim_date` must say of each day, from the words of the definition alone.
Does not belong here: SQL, or a formula that the models use too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Calendar:
    """A company's calendar, in the words of the variables."""

    start_month: int = 1
    named_by: str = "end"
    kind: str = "gregorian"
    week_start: int = 1
    anchor: str = "last"

    @property
    def variables(self) -> dict[str, object]:
        return {
            "fiscal_year_start_month": self.start_month,
            "fiscal_year_named_by": self.named_by,
            "fiscal_calendar": self.kind,
            "fiscal_week_start": self.week_start,
            "fiscal_year_anchor": self.anchor,
        }


@dataclass(frozen=True)
class Fiscal:
    """The fiscal periods of one day, and their first days."""

    year: int
    quarter: int
    month: int
    week: int
    year_start: date
    quarter_start: date
    month_start: date
    week_start: date


def year_starts(calendar: Calendar, first: int, last: int) -> Iterator[tuple[int, date]]:
    """The first day of each fiscal year that begins about the start month of a calendar year."""
    for year in range(first, last + 1):
        start = date(year, calendar.start_month, 1)
        if calendar.kind != "gregorian":
            start = _last_day_of_year_before(calendar, start - DAY) + DAY
        ends_next_year = calendar.start_month > 1
        yield year + (ends_next_year and calendar.named_by == "end"), start


def _last_day_of_year_before(calendar: Calendar, end_of_month: date) -> date:
    last_weekday = (calendar.week_start + 5) % 7 + 1
    days = [end_of_month + DAY * offset for offset in range(-6, 7)]
    ends = [day for day in days if day.isoweekday() == last_weekday]
    if calendar.anchor == "last":
        return max(day for day in ends if day <= end_of_month)
    return min(ends, key=lambda day: abs(day - end_of_month))


def fiscal_days(calendar: Calendar, first: int, last: int) -> dict[date, Fiscal]:
    """Every day of the fiscal years that begin in these calendar years."""
    starts = list(year_starts(calendar, first, last + 1))
    found: dict[date, Fiscal] = {}
    for (name, start), (_, end) in pairwise(starts):
        found |= _days_of_year(calendar, name, start, end)
    return found


def _days_of_year(calendar: Calendar, name: int, start: date, end: date) -> dict[date, Fiscal]:
    found = {}
    month_starts = _month_starts(calendar, start, end)
    quarter = month = week = 0
    quarter_start = month_start = week_start = start
    day = start
    while day < end:
        if day in month_starts:
            month, month_start = month + 1, day
            if month in (1, 4, 7, 10):
                quarter, quarter_start = quarter + 1, day
        if day == start or day.isoweekday() == calendar.week_start:
            week, week_start = week + 1, day
        found[day] = Fiscal(
            name, quarter, month, week, start, quarter_start, month_start, week_start
        )
        day += DAY
    return found


def _month_starts(calendar: Calendar, start: date, end: date) -> set[date]:
    if calendar.kind == "gregorian":
        days = [start + DAY * number for number in range((end - start).days)]
        return {day for day in days if day.day == 1}
    starts = [start]
    for weeks in [int(weeks) for weeks in calendar.kind.split("-")] * 4:
        starts.append(starts[-1] + WEEK * weeks)
    return set(starts[:12])
