"""The heat map of cohorts: a cell a month of creation × age.

Belongs here: its marks, places and direct labels. Does not belong here: sentences about it
(findings.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.morning import wording
from orchestration.morning.drawing import HEAT, INK, MUTED, RULE, WIDTH
from orchestration.morning.evidence import Row, Rows
from orchestration.morning.marks import sized, values

if TYPE_CHECKING:
    import altair as alt

_FAINTEST = 0.06
# In pixels: a month and the gaps beside it, a digit of how many deals it has.
_MONTH_WIDTH, _DIGIT_WIDTH = 54, 6.6


def triangle(rows: Rows) -> alt.LayerChart | alt.FacetChart:
    """A cell a cohort × age: filled where it was observed, outlined where it is projected."""
    import altair as alt

    cohorts = sorted({row["cohort_month"] for row in rows})
    ages = sorted({row["age_months"] for row in rows})
    highest = max((_rate(row) or 0 for row in rows), default=0) or 1
    cells = [_cell(row, highest) for row in rows if _rate(row) is not None]
    names = [
        {
            "cohort": wording.short_month(month),
            "size": f"{next(r['cohort_count'] for r in rows if r['cohort_month'] == month):,}",
        }
        for month in cohorts
    ]
    y = alt.Y(
        "cohort:O",
        sort=[wording.short_month(month) for month in cohorts],
        axis=None,
        scale=alt.Scale(paddingInner=0.08),
    )
    left = _MONTH_WIDTH + _DIGIT_WIDTH * max((len(name["size"]) for name in names), default=0)
    x = alt.X(
        "age:O",
        sort=ages,
        scale=alt.Scale(paddingInner=0.08, rangeMax=WIDTH, rangeMin=left),
        axis=alt.Axis(
            orient="top", labelAngle=0, domain=False, ticks=False, title=None, labelFontSize=10
        ),
    )
    grid = alt.Chart(values(cells)).encode(x=x, y=y)
    return sized(
        alt.layer(
            grid.transform_filter("datum.is_observed")
            .mark_rect(color=HEAT, cornerRadius=2)
            .encode(opacity=alt.Opacity("density:Q", scale=None)),
            grid.transform_filter("!datum.is_observed").mark_rect(
                fill=None, stroke=RULE, strokeWidth=1, strokeDash=[2, 2], cornerRadius=2
            ),
            grid.mark_text(fontSize=9.5, baseline="middle").encode(
                text="text:N", color=alt.Color("colour:N", scale=None)
            ),
            alt.Chart(values(names))
            .mark_text(align="left", baseline="middle")
            .encode(x=alt.value(0), y=y, text="cohort:N"),
            alt.Chart(values(names))
            .mark_text(align="right", baseline="middle", color=MUTED)
            .encode(x=alt.value(left - 6), y=y, text="size:N"),
        ),
        len(cohorts) * 19,
    )


def _cell(row: Row, highest: float) -> Row:
    rate = _rate(row) or 0
    few = row["cohort_count"] < wording.FEW
    return {
        "cohort": wording.short_month(row["cohort_month"]),
        "age": row["age_months"],
        "is_observed": row["is_observed"],
        "density": _FAINTEST + (0 if few else (1 - _FAINTEST) * rate / highest),
        "text": f"{100 * rate:.0f}",
        "colour": INK if row["is_observed"] and not few else MUTED,
    }


def _rate(row: Row) -> float | None:
    rate: float | None = row["win_rate"] if row["is_observed"] else row["projected_win_rate"]
    return rate
