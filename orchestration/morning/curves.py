"""Figures over time: stage conversion by month, sales velocity.

Belongs here: their marks, places and direct labels. Does not belong here: sentences about a figure
(findings.py).
"""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from orchestration.morning import wording
from orchestration.morning.drawing import MUTED, PAPER, SERIES, WIDTH
from orchestration.morning.evidence import Rows
from orchestration.morning.findings import is_few, stages_of
from orchestration.morning.marks import PERCENT, month_axis, month_place, months_to, sized, values

if TYPE_CHECKING:
    import altair as alt

# At the right of a panel stand the ends of its axis, in a font that may be wider than the measured
# one: DejaVu Sans is by a seventh.
_ENDS_WIDTH, _PANEL_HEIGHT = 38, 50
_PANEL_WIDTH = WIDTH - _ENDS_WIDTH


def trend(rows: Rows) -> alt.VConcatChart:
    """A panel a stage: the share that went on, by month of entry, with its interval."""
    import altair as alt

    months = months_to(
        min(row["cohort_month"] for row in rows), max(row["cohort_month"] for row in rows)
    )
    # Young months fall and few deals scatter: panels made for them would flatten all others.
    shown = [row for row in rows if row["is_mature"] and not is_few(row)] or rows
    domain = [
        math.floor(10 * min(row["next_rate_low"] for row in shown)) / 10,
        math.ceil(10 * max(row["next_rate_high"] for row in shown)) / 10,
    ]
    stages = stages_of(rows)
    return alt.vconcat(
        *(
            _panel(stage, months, domain, is_last=number == len(stages))
            for number, stage in enumerate(stages, start=1)
        )
    )


def _panel(
    stage: Rows, months: list[date], domain: list[float], *, is_last: bool
) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    points = [
        {
            "x": months.index(row["cohort_month"]),
            "rate": row["next_rate"],
            "low": max(row["next_rate_low"], domain[0]),
            "high": min(row["next_rate_high"], domain[1]),
            "is_mature": row["is_mature"],
            "colour": MUTED if is_few(row) else SERIES,
            "fill": SERIES if row["is_mature"] and not is_few(row) else PAPER,
        }
        for row in stage
        if domain[0] <= row["next_rate"] <= domain[1]
    ]
    finished = [point for point in points if point["is_mature"]]
    # The first month that is not finished hangs on the last one that is.
    unfinished = [*finished[-1:], *points[len(finished) :]]
    x = month_place(months, axis=month_axis(months) if is_last else None)
    y = alt.Y(
        "rate:Q",
        scale=alt.Scale(domain=domain, nice=False, zero=False),
        axis=alt.Axis(
            values=domain,
            labelExpr=PERCENT,
            title=None,
            domain=False,
            ticks=False,
            orient="right",
            minExtent=_ENDS_WIDTH,
        ),
    )
    label = alt.Chart(values([{"name": stage[0]["stage_name"], "newest": _newest(stage)}]))
    above = alt.value(-7)
    return alt.layer(
        alt.Chart(values(finished))
        .mark_area(color=SERIES, opacity=0.16)
        .encode(x=x, y=alt.Y("low:Q", scale=alt.Scale(domain=domain)), y2="high:Q"),
        alt.Chart(values(unfinished))
        .mark_line(color=SERIES, strokeWidth=1, strokeDash=[2, 2])
        .encode(x=x, y=y),
        alt.Chart(values(finished)).mark_line(color=SERIES, strokeWidth=1.5).encode(x=x, y=y),
        alt.Chart(values(points))
        .mark_point(size=12, opacity=1, strokeWidth=1.2)
        .encode(
            x=x,
            y=y,
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("colour:N", scale=None),
        ),
        label.mark_text(align="left", fontWeight="bold", baseline="middle", limit=180).encode(
            x=alt.value(0), y=above, text="name:N"
        ),
        label.mark_text(align="right", baseline="middle").encode(
            x=alt.value(_PANEL_WIDTH), y=above, text="newest:N"
        ),
    ).properties(width=_PANEL_WIDTH, height=_PANEL_HEIGHT)


def _newest(stage: Rows) -> str:
    """The newest finished month of a stage in a word; how many they are, where they are few."""
    row = next((row for row in reversed(stage) if row["is_mature"]), None)
    if row is None:
        return "not finished"
    told = (
        wording.several(row["reached_count"], "deal")
        if is_few(row)
        else wording.share(row["next_rate"])
    )
    return f"{told} in {wording.short_month(row['cohort_month'])}"


def velocity(rows: Rows) -> alt.LayerChart | alt.FacetChart:
    """The formula's money a day and what was really won a day, over half years, by their end."""
    import altair as alt

    months = [row["last_month"] for row in rows]
    known = [
        {"x": place, "velocity": row["velocity"], "won": row["won_a_day"]}
        for place, row in enumerate(rows)
        if row["velocity"] is not None
    ]
    highest = max(max(point["velocity"], point["won"]) for point in known)
    scale = alt.Scale(domain=[0, highest * 1.25], nice=False)
    x = month_place(months, axis=month_axis(months))
    layers: list[alt.Chart] = []
    for name, title, colour, width in (
        ("velocity", "velocity", SERIES, 2.0),
        ("won", "really won", MUTED, 1.2),
    ):
        y = alt.Y(f"{name}:Q", scale=scale, axis=None)
        first, last = known[0], known[-1]
        rises = first[name] < known[min(1, len(known) - 1)][name]
        chart = alt.Chart(values(known)).encode(x=x, y=y)
        layers += [
            chart.mark_line(color=colour, strokeWidth=width),
            chart.mark_point(color=colour, fill=colour, size=14, opacity=1),
            alt.Chart(values([last | {"text": f"{title} {wording.amount(last[name])}"}]))
            .mark_text(align="right", dy=-11, dx=4, color=colour)
            .encode(x=x, y=y, text="text:N"),
        ]
        if last is not first:
            layers.append(
                alt.Chart(values([first | {"text": wording.amount(first[name])}]))
                .mark_text(align="left", dy=14 if rises else -11, dx=-3, color=colour)
                .encode(x=x, y=y, text="text:N")
            )
    return sized(alt.layer(*layers), 150)
