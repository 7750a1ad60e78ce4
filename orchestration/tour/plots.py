"""The plots of the tour, as SVG.

Belongs here: how every plot looks, and drawing it. Does not belong here: what a plot shows
(docs/tour/). Drawing needs the extra `dev`.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

import duckdb
import vl_convert

from orchestration.tour.questions import Plot

_VEGA_LITE = "6.4"
# A grey that stands out from white and from black pages alike: the background is the page's own.
_INK, _RULE = "#7b8087", "#7b808755"
# Liberation Sans comes with the drawing library, so that texts take the same place everywhere.
_FONT = "Liberation Sans, Arial, sans-serif"
_BLUE, _ORANGE, _GREEN, _VIOLET = "#3d8fd1", "#d9772b", "#4a9d5b", "#9a78c9"
_LOOK = {
    # The page describes the picture; labels of every mark would be most of the file.
    "aria": False,
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "range": {"category": [_BLUE, _ORANGE, _GREEN, _VIOLET, _INK]},
    "mark": {"color": _BLUE},
    "title": {"color": _INK, "anchor": "start", "fontWeight": "normal"},
    "text": {"color": _INK},
    "rule": {"color": _INK},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "titleFontWeight": "normal",
        "gridColor": _RULE,
        "domainColor": _RULE,
        "tickColor": _RULE,
    },
    "legend": {
        "labelColor": _INK,
        "titleColor": _INK,
        "titleFontWeight": "normal",
        "symbolOpacity": 1,
    },
}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def draw(plot: Plot, warehouse: duckdb.DuckDBPyConnection) -> str:
    """The SVG of a plot on the rows that its query gives."""
    answer = warehouse.sql(plot.query)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
    spec = {**plot.spec, "config": _LOOK, "data": {"values": rows}}
    drawn = vl_convert.vegalite_to_svg(json.dumps(spec, default=_plain), vl_version=_VEGA_LITE)
    # A hundredth of a pixel is nothing to the eye; more digits are half of the file.
    return _LONG_NUMBER.sub(lambda found: f"{float(found.group()):.2f}", drawn) + "\n"


def _plain(value: date | Decimal) -> str | float:
    """As JSON can hold it."""
    return float(value) if isinstance(value, Decimal) else value.isoformat()
