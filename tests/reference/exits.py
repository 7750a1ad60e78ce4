"""How stays in a stage end and how long they last, carried out by brute force.

Belongs here: `funnel_stage_exit` and `funnel_transition`. Does not belong here: what a stay is
(lives.py), what a curve is (survival.py), whether a stage is a bottleneck (bottlenecks.py).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.reference.funnel import slices
from tests.reference.lives import Life, Stay
from tests.reference.quantities import (
    Calendar,
    Row,
    add_months,
    days_between,
    quarter_of,
    ratio,
    wilson,
)
from tests.reference.survival import Curve, Number, Watched
from tests.reference.warehouse import Warehouse

DAY = timedelta(days=1)


def begun_hours(start: datetime, end: datetime) -> int:
    return math.ceil((end - start) / timedelta(hours=1))


@dataclass(frozen=True)
class Timed:
    """A stay whose beginning and end are known, and from when on it was watched."""

    entered_at: datetime
    watched_from: datetime
    ended_at: datetime
    is_exit: bool

    @property
    def days(self) -> Fraction:
        return days_between(self.entered_at, self.ended_at)

    @property
    def is_watched_whole(self) -> bool:
        return self.watched_from == self.entered_at

    def since(self, instant: datetime) -> Timed | None:
        """What of it lies after an instant: none of one that had ended by then."""
        if self.ended_at < instant:
            return None
        return Timed(self.entered_at, max(self.watched_from, instant), self.ended_at, self.is_exit)

    @property
    def hours(self) -> Watched:
        """By age in hours: who is first seen within an hour is seen in all of it."""
        entered = None
        if not self.is_watched_whole:
            entered = begun_hours(self.entered_at, self.watched_from) - 1
        return Watched(entered, begun_hours(self.entered_at, self.ended_at), self.is_exit)

    def in_month(self, month: date, calendar: Calendar, as_of: date) -> Watched | None:
        """By age in days of the calendar; only what of it lies in the month."""
        entered, seen = calendar.day(self.entered_at), calendar.day(self.watched_from)
        ended = calendar.day(self.ended_at) if self.is_exit else as_of
        month_end = add_months(month, 1) - DAY
        if seen > month_end or ended < month:
            return None
        seen = max(seen, month)
        return Watched(
            entered=None if seen == entered else (seen - entered).days - 1,
            ended=(min(ended, month_end) - entered).days,
            is_exit=self.is_exit and ended <= month_end,
        )


def timed(life: Life, stay: Stay, as_of_at: datetime) -> Timed | None:
    """None where nobody knows how long it lasted, or would believe it."""
    if life.is_late_created or life.is_created_won or stay.entry.at is None:
        return None
    ended_at = stay.after.at if stay.after else as_of_at
    if ended_at is None:
        return None
    entered_at = stay.entry.at
    ended_at = max(entered_at, ended_at)
    watched_from = entered_at
    if life.is_left_truncated and life.observed_from_at > entered_at:
        watched_from = life.observed_from_at
        if ended_at <= watched_from:
            return None
    return Timed(entered_at, watched_from, ended_at, is_exit=stay.after is not None)


def year_before(warehouse: Warehouse) -> datetime:
    """The instant a year before the end of the newest night, on the clock of UTC."""
    end = warehouse.crm.as_of_at
    return datetime.combine(add_months(end.date(), -12), end.time())


def year_of_stays(warehouse: Warehouse) -> dict[tuple, list[Timed]]:
    """What of all timed stays lies within the last year, by stage and slice."""
    found: dict[tuple, list[Timed]] = defaultdict(list)
    for life in warehouse.lives:
        for stay in life.stays():
            whole = timed(life, stay, warehouse.crm.as_of_at)
            part = whole and whole.since(year_before(warehouse))
            if part:
                for slice_ in slices(life, warehouse.key(stay.owner_id)):
                    found[(stay.entry.place, *slice_)].append(part)
    return found


def funnel_stage_exit(warehouse: Warehouse) -> list[Row]:
    kinds: dict[tuple, Counter[str]] = defaultdict(Counter)
    whole: dict[tuple, list[Fraction]] = defaultdict(list)
    known_of: dict[tuple, list[Timed]] = defaultdict(list)
    for life in warehouse.lives:
        for stay in life.stays():
            month = warehouse.calendar.month(stay.after.at if stay.after else None)
            known = timed(life, stay, warehouse.crm.as_of_at)
            for slice_ in slices(life, warehouse.key(stay.owner_id)):
                cell = (stay.entry.place, *slice_, month)
                kinds[cell][stay.exit_kind] += 1
                if known:
                    known_of[stay.entry.place, *slice_].append(known)
                if known and known.is_exit and known.is_watched_whole:
                    whole[cell].append(known.days)
    year = year_of_stays(warehouse)
    for place, dimension, value in year:
        kinds[place, dimension, value, None] += Counter()
    rows = []
    for cell, counts in kinds.items():
        (pipeline, stage), dimension, value, month = cell
        exits = counts.total() - counts["open"]
        forward = counts["advanced"] + counts["won"]
        forward_low, forward_high = wilson(forward, exits)
        rows.append(
            {
                "pipeline_key": warehouse.key(pipeline),
                "stage_key": warehouse.stage_key(pipeline, stage),
                "stage_name": stage,
                "stage_rank": warehouse.pipelines[pipeline].rank(stage),
                "exit_month": month,
                "dimension": dimension,
                "dimension_value": value,
                "visit_count": counts.total(),
                **{
                    f"{kind}_count": counts[kind]
                    for kind in ("advanced", "regressed", "won", "lost", "handed_off", "open")
                },
                "exit_count": exits,
                "forward_count": forward,
                "forward_rate": ratio(forward, exits),
                "forward_rate_low": forward_low,
                "forward_rate_high": forward_high,
                **(
                    days_of_month(
                        whole[cell],
                        parts_in(month, known_of[cell[0], dimension, value], warehouse),
                    )
                    if month
                    else days_of_year(year.get((cell[0], dimension, value), []))
                ),
                "as_of_date": warehouse.crm.as_of,
            }
        )
    return rows


def parts_in(month: date, stays: list[Timed], warehouse: Warehouse) -> list[Watched]:
    parts = (one.in_month(month, warehouse.calendar, warehouse.crm.as_of) for one in stays)
    return [part for part in parts if part is not None]


def days_of_month(days: list[Fraction], parts: list[Watched]) -> Row:
    """The mean of what ended; the median of all that went on, as far as it did so in the month."""
    curve = Curve(parts)

    def days_of(age: Number | None) -> Fraction | None:
        return None if age is None else Fraction(age)

    return {
        "timed_visit_count": len(days),
        "timed_exit_count": len(days),
        "mean_days_in_stage": sum(days) / len(days) if days else None,
        "median_days_in_stage": days_of(curve.median),
        "median_days_low": days_of(curve.median_bound(-1)),
        "median_days_high": days_of(curve.median_bound(+1)),
        "median_days_at_least": (
            days_of(curve.longest) if parts and curve.median is None else None
        ),
        "deal_days": None,
        "deal_days_error": None,
    }


def days_of_year(stays: list[Timed]) -> Row:
    if not stays:
        return days_of_month([], [])
    lives = [stay.hours for stay in stays]
    curve = Curve(lives)

    def days(hours: int | Fraction | None) -> Fraction | None:
        return None if hours is None else Fraction(hours) / 24

    return {
        "timed_visit_count": len(stays),
        "timed_exit_count": sum(stay.is_exit for stay in stays),
        "mean_days_in_stage": days(curve.restricted_mean),
        "median_days_in_stage": days(curve.median),
        "median_days_low": days(curve.median_bound(-1)),
        "median_days_high": days(curve.median_bound(+1)),
        "median_days_at_least": days(curve.longest) if curve.median is None else None,
        "deal_days": sum(days_between(stay.watched_from, stay.ended_at) for stay in stays),
        "deal_days_error": math.sqrt(sum((life.ended - (life.entered or 0)) ** 2 for life in lives))
        / 24,
    }


def funnel_transition(warehouse: Warehouse) -> list[Row]:
    moves: dict[tuple, Counter[tuple]] = defaultdict(Counter)
    for life in warehouse.lives:
        for stay in life.stays():
            if stay.after is None:
                continue
            after = stay.after
            quarter = after.at and quarter_of(warehouse.calendar.day(after.at))
            target = after.place[1] if after.is_open else after.kind
            moves[stay.entry.place, quarter][after.pipeline, target, after.is_open] += 1
    return [
        transition(warehouse, place, quarter, target, count, targets.total())
        for (place, quarter), targets in moves.items()
        for target, count in targets.items()
    ]


def transition(
    warehouse: Warehouse, place: tuple, quarter: date | None, target: tuple, count: int, exits: int
) -> Row:
    (pipeline, stage), (to_pipeline, to_name, is_open) = place, target
    rank = warehouse.pipelines[pipeline].rank(stage)
    to_rank = warehouse.pipelines[to_pipeline].rank(to_name) if is_open else None
    beyond = len(warehouse.pipelines[pipeline].open_stages) + 1 if to_name == "won" else rank
    step = (to_rank if is_open else beyond) - rank
    is_inside = to_pipeline == pipeline
    if not is_inside:
        kind = "handed_off"
    elif not is_open:
        kind = to_name
    else:
        kind = "regressed" if step < 0 else "advanced"
    low, high = wilson(count, exits)
    return {
        "pipeline_key": warehouse.key(pipeline),
        "from_stage_key": warehouse.stage_key(pipeline, stage),
        "from_stage_name": stage,
        "from_stage_rank": rank,
        "to_pipeline_key": warehouse.key(to_pipeline),
        "to_stage_key": warehouse.stage_key(to_pipeline, to_name) if is_open else None,
        "to_stage_name": to_name,
        "to_stage_rank": to_rank,
        "to_stage_kind": "open" if is_open else to_name,
        "quarter_start": quarter,
        "exit_kind": kind,
        "skipped_stage_count": max(step - 1, 0) if is_inside else None,
        "is_jump": is_inside and step > 1,
        "is_backward": is_inside and step < 0,
        "transition_count": count,
        "exit_count": exits,
        "transition_rate": ratio(count, exits),
        "transition_rate_low": low,
        "transition_rate_high": high,
        "as_of_date": warehouse.crm.as_of,
    }
