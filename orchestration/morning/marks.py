"""Marks that several figures share: rows with texts at their edges, and axes of months.

Belongs here: how Altair is told of them. Does not belong here: what a figure draws (bars.py,
curves.py, heat.py), colours and letters (drawing.py, style.css).

Labels stand at what they name; there is no legend to look up. Texts are made here and not by the
drawing library, whose dates would follow the time zone of the machine.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from orchestration.morning import wording
from orchestration.morning.drawing import WIDTH
from orchestration.morning.evidence import Rows

if TYPE_CHECKING:
    import altair as alt

# As wording.share has it.
PERCENT = "round(100 * datum.value) + '\u202f%'"


def lines(number: int) -> alt.Y:
    """One line a row, in the order of the rows."""
    import altair as alt

    return alt.Y("y:O", sort=list(range(number)), axis=None)


def text_of(
    rows: Rows,
    y: alt.Y,
    field: str,
    *,
    align: Literal["left", "right"],
    colour: str | None = None,
    **look: Any,
) -> alt.Chart:
    """A text at the left or right edge of each row; `colour` is a field that holds its colour."""
    import altair as alt

    channels: dict[str, Any] = {"y": y, "text": f"{field}:N"}
    if colour is not None:
        channels["color"] = alt.Color(f"{colour}:N", scale=None)
    chart = alt.Chart(values(rows)).mark_text(baseline="middle", align=align, **look)
    drawn: alt.Chart = chart.encode(x=alt.value(0 if align == "left" else WIDTH), **channels)
    return drawn


def months_to(first: date, last: date) -> list[date]:
    """Every month between two, both included."""
    return [
        date(number // 12, number % 12 + 1, 1)
        for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    ]


def month_place(months: list[date], axis: alt.Axis | None) -> alt.X:
    """`x` is the place of a month among all."""
    import altair as alt

    domain = [-0.4, max(len(months) - 0.6, 0.6)]
    return alt.X("x:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)


def month_axis(months: list[date]) -> alt.Axis:
    """Every third month, back from the newest."""
    import altair as alt

    shown = list(range(len(months) - 1, -1, -3))
    names = {place: wording.short_month(months[place]) for place in shown}
    told = ", ".join(f"'{place}': '{name}'" for place, name in names.items())
    return alt.Axis(
        values=sorted(shown),
        labelExpr=f"({{{told}}})[datum.value]",
        labelAngle=0,
        labelFlush=True,
        grid=False,
        title=None,
        domain=False,
        tickSize=4,
    )


def sized(chart: alt.LayerChart | alt.FacetChart, height: int) -> alt.LayerChart | alt.FacetChart:
    """As wide as all figures, and as high as this one needs."""
    return chart.properties(width=WIDTH, height=height)


def values(rows: Rows) -> alt.InlineData:
    """Rows as Altair takes them."""
    import altair as alt

    return alt.InlineData(values=rows)
