"""Figures with a row a stage or a definition: funnel, win rates, open pipeline.

Belongs here: their marks, places and direct labels. Does not belong here: sentences about a figure
(findings.py).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestration.morning import wording
from orchestration.morning.drawing import INK, LOST, LOST_INK, MUTED, PAPER, RULE, SERIES, SOFT
from orchestration.morning.evidence import Rows
from orchestration.morning.findings import is_few
from orchestration.morning.marks import PERCENT, lines, sized, text_of, values

if TYPE_CHECKING:
    import altair as alt

_ROW = 50


def funnel(rows: Rows) -> alt.LayerChart | alt.FacetChart:
    """A bar a stage, as long as many reached it: those who went on, are open, or were lost here."""
    import altair as alt

    widest = max(row["reached_count"] for row in rows) or 1
    parts, labels = [], []
    for place, row in enumerate(rows):
        start = 0
        for name, colour in (
            ("reached_next_count", SERIES),
            ("handed_off_count", MUTED),
            ("open_here_count", SOFT),
            ("lost_here_count", LOST),
        ):
            parts.append({"y": place, "from": start, "to": start + row[name], "colour": colour})
            start += row[name]
        went_on = f"{wording.share(row['next_rate'])} go on"
        spread = wording.interval(row["next_rate_low"], row["next_rate_high"])
        labels.append(
            {
                "y": place,
                "name": row["stage_name"],
                "rate": f"{went_on} ({spread})" if row["reached_count"] else "nobody yet",
                "went_on": f"{wording.count(row['reached_next_count'])} of "
                f"{wording.count(row['reached_count'])} went on",
                "rest": ", ".join(
                    f"{wording.count(row[name])} {told}"
                    for name, told in (
                        ("handed_off_count", "handed off"),
                        ("open_here_count", "open"),
                        ("lost_here_count", "lost"),
                    )
                    if row[name]
                ),
                "colour": MUTED if is_few(row) else INK,
            }
        )
    y = lines(len(rows))
    bars = (
        alt.Chart(values([part for part in parts if part["to"] > part["from"]]))
        .mark_bar(height=9, yOffset=2)
        .encode(
            x=alt.X("from:Q", axis=None, scale=alt.Scale(domain=[0, widest], nice=False)),
            x2="to:Q",
            y=y,
            color=alt.Color("colour:N", scale=None),
        )
    )
    return sized(
        alt.layer(
            bars,
            text_of(labels, y, "name", align="left", dy=-11, fontWeight="bold", limit=150),
            text_of(labels, y, "rate", align="right", dy=-11, colour="colour"),
            text_of(labels, y, "went_on", align="left", dy=15, color=SERIES),
            text_of(labels, y, "rest", align="right", dy=15, color=LOST_INK),
        ),
        len(rows) * _ROW,
    )


def win_rates(rows: Rows) -> alt.LayerChart | alt.FacetChart:
    """A point a definition with its interval; the newest quarter as a ring."""
    import altair as alt

    ends = [
        row[name]
        for row in rows
        for name in ("value", "value_low", "value_high", "quarter_value")
        if row[name] is not None
    ]
    top = math.ceil(20 * max(ends, default=0.1)) / 20
    marks = [
        {
            "y": place,
            "zero": 0,
            "top": top,
            "name": row["metric_name"],
            "value": row["value"],
            "low": row["value_low"],
            "high": row["value_high"],
            # Of few deals a quarter would be a point anywhere.
            "quarter": None
            if (row["quarter_member_count"] or 0) < wording.FEW
            else row["quarter_value"],
            "colour": MUTED if row["member_count"] < wording.FEW else SERIES,
            "text": wording.several(row["member_count"], "deal")
            if row["member_count"] < wording.FEW
            else wording.share(row["value"], 1),
        }
        for place, row in enumerate(rows)
    ]
    x = alt.Scale(domain=[0, top], nice=False)
    axis = alt.Axis(
        labelExpr=PERCENT, title=None, tickCount=5, domain=False, ticks=False, grid=False
    )
    y, colour = lines(len(rows)), alt.Color("colour:N", scale=None)
    base = alt.Chart(values(marks))
    return sized(
        alt.layer(
            base.mark_rule(color=RULE, yOffset=6).encode(
                x=alt.X("zero:Q", scale=x, axis=axis), x2="top:Q", y=y
            ),
            base.mark_rule(strokeWidth=2.5, yOffset=6, opacity=0.45)
            .transform_filter("datum.low != null")
            .encode(x=alt.X("low:Q", scale=x, axis=axis), x2="high:Q", y=y, color=colour),
            base.mark_point(
                fill=PAPER,
                color=MUTED,
                size=34,
                strokeWidth=1.5,
                opacity=1,
                yOffset=6,
            )
            .transform_filter("datum.quarter != null")
            .encode(x=alt.X("quarter:Q", scale=x, axis=axis), y=y),
            base.mark_point(filled=True, size=42, opacity=1, yOffset=6)
            .transform_filter("datum.value != null")
            .encode(x=alt.X("value:Q", scale=x, axis=axis), y=y, color=colour),
            text_of(marks, y, "name", align="left", dy=-9, limit=280),
            text_of(marks, y, "text", align="right", dy=-9, fontWeight="bold"),
        ),
        len(rows) * 34,
    )


def pipeline(rows: Rows) -> alt.LayerChart | alt.FacetChart:
    """A bar a stage for the open amount; what is past due in it; a mark where it was then."""
    import altair as alt

    marks = [
        {
            "y": place,
            "name": row["stage_name"],
            "zero": 0,
            "amount": float(row["open_amount"]),
            "past_due": float(row["past_due_amount"]),
            "then": float(row["then_open_amount"]),
            "text": f"{wording.amount(row['open_amount'])} in "
            f"{wording.several(row['open_count'], 'deal')}",
            "change": f"{wording.amount_change(row['open_amount'] - row['then_open_amount'])}, "
            f"{wording.change(row['open_count'] - row['then_open_count'])} deals",
            "due": f"{wording.amount(row['past_due_amount'])} past due"
            if row["past_due_amount"]
            else "",
        }
        for place, row in enumerate(rows)
    ]
    widest = max((max(mark["amount"], mark["then"]) for mark in marks), default=0) or 1
    scale = alt.Scale(domain=[0, widest * 1.01], nice=False)
    y = lines(len(rows))
    base = alt.Chart(values(marks))
    return sized(
        alt.layer(
            base.mark_bar(height=9, yOffset=2, color=SERIES).encode(
                x=alt.X("zero:Q", axis=None, scale=scale), x2="amount:Q", y=y
            ),
            base.mark_bar(height=9, yOffset=2, color=LOST).encode(
                x=alt.X("zero:Q", axis=None, scale=scale), x2="past_due:Q", y=y
            ),
            base.mark_tick(color=INK, thickness=2, size=17, yOffset=2).encode(
                x=alt.X("then:Q", axis=None, scale=scale), y=y
            ),
            text_of(marks, y, "name", align="left", dy=-11, fontWeight="bold", limit=150),
            text_of(marks, y, "text", align="right", dy=-11),
            text_of(marks, y, "due", align="left", dy=15, color=LOST_INK),
            text_of(marks, y, "change", align="right", dy=15, color=MUTED),
        ),
        len(rows) * _ROW,
    )
