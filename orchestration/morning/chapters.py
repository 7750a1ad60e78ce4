"""The chapter of one pipeline: its figures, each with its sentence, its note and its numbers.

Belongs here: which figures there are, in which order, what has to be known to read one, and what
stands there when there is nothing to draw. Does not belong here: the rest of the page (page.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from orchestration.morning import bars, curves, findings, heat, tables, wording
from orchestration.morning.drawing import draw
from orchestration.morning.evidence import Chapter, Rows

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Figure:
    """One figure; without `svg` there is nothing to draw yet, and the sentence says so.

    Numbers that are as good as the figure stand open beside it, others behind a word.
    """

    name: str
    title: str
    finding: str
    svg: str | None = None
    note: str = ""
    numbers: str | None = None
    is_open: bool = False


def figures_of(chapter: Chapter, key: str, currency: str, as_of: date) -> list[Figure]:
    """All figures of a pipeline; `key` sets their ids apart from those of other chapters."""
    return [
        _funnel(chapter.funnel, key),
        _trend(chapter.trend, key),
        _cohorts(chapter.triangle, key),
        _win_rates(chapter.win_rates, key),
        _velocity(chapter.velocity, key, currency),
        _pipeline(chapter, key, currency, as_of),
    ]


def _funnel(rows: Rows, key: str) -> Figure:
    title = "Funnel"
    if not rows:
        return Figure("funnel", title, "No deal has reached a stage yet.")
    finding = findings.funnel(rows)
    return Figure(
        "funnel",
        title,
        finding,
        _draw(bars.funnel(rows), f"{key}-funnel", title, finding),
        note=f"{findings.funnel_period(rows)} A bar holds who went on, who is still open and who "
        f"was lost; in brackets the 95\u00a0% interval.",
        numbers=tables.funnel(rows),
    )


def _trend(rows: Rows, key: str) -> Figure:
    title = "Stage conversion by month"
    if not rows:
        return Figure("trend", title, "No month with entries into a stage has ended yet.")
    finding = findings.trend(rows)
    return Figure(
        "trend",
        title,
        finding,
        _draw(curves.trend(rows), f"{key}-trend", title, finding),
        note="Share of the deals that entered a stage in a month and went on, with its 95\u00a0% "
        "interval. Rings and dashes: months that are not finished, whose rates can only rise, as "
        f"far as the panel reaches. Grey: fewer than {wording.FEW} deals.",
        numbers=tables.trend(rows),
    )


def _cohorts(rows: Rows, key: str) -> Figure:
    title = "Cohorts: won by age"
    if not rows:
        return Figure("cohorts", title, "No month in which deals were created has ended yet.")
    finding = findings.triangle(rows)
    return Figure(
        "cohorts",
        title,
        finding,
        _draw(heat.triangle(rows), f"{key}-cohorts", title, finding),
        note="Percent of the deals created in a month that were won, by age in months; beside the "
        "month, how many they are. Filled cells are observed, outlined ones projected.",
        numbers=tables.triangle(rows),
    )


def _win_rates(rows: Rows, key: str) -> Figure:
    title = "Win rates side by side"
    finding = findings.win_rates(rows)
    if not rows:
        return Figure("rates", title, finding)
    return Figure(
        "rates",
        title,
        finding,
        _draw(bars.win_rates(rows), f"{key}-rates", title, finding),
        note="Point and bar: all time, with its 95\u00a0% interval. Ring: the newest quarter that "
        "has ended.",
        numbers=tables.win_rates(rows),
        is_open=True,
    )


def _velocity(rows: Rows, key: str, currency: str) -> Figure:
    title = "Sales velocity"
    finding = findings.velocity(rows, currency)
    if all(row["velocity"] is None for row in rows):
        return Figure("velocity", title, finding)
    return Figure(
        "velocity",
        title,
        finding,
        _draw(curves.velocity(rows), f"{key}-velocity", title, finding),
        note="Deals open at the start × mean won amount × win rate adjusted for age ÷ mean days "
        "from creation to win, over the six months up to each month. It tells of movement more "
        "than of level: where lost deals leave sooner than won ones, more pass through than the "
        "formula knows, and fewer where they leave later.",
        numbers=tables.velocity(rows, currency),
    )


def _pipeline(chapter: Chapter, key: str, currency: str, as_of: date) -> Figure:
    title, rows = "Pipeline now", chapter.stages
    finding = findings.pipeline(rows, currency)
    if not rows:
        return Figure("pipeline", title, finding)
    return Figure(
        "pipeline",
        title,
        finding,
        _draw(bars.pipeline(rows), f"{key}-pipeline", title, finding),
        note=f"Open amount in {currency} at the end of {wording.day(as_of)}; the upright mark is "
        f"four weeks before, and the change since stands at the right."
        + _unpriced(chapter.pipeline["unpriced_count"]),
        numbers=tables.pipeline(rows, currency),
    )


def _unpriced(deals: int) -> str:
    """Nobody said their amount, or its currency has no rate."""
    if not deals:
        return ""
    return f" Left out of the amounts: {wording.several(deals, 'open deal')} without one."


def _draw(chart: alt.TopLevelMixin, key: str, title: str, finding: str) -> str:
    return draw(chart, key=key, title=title, description=finding)
