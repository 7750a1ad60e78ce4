"""From a figure to SVG that stands inside the page and follows its colours, light and dark.

Belongs here: how every figure looks, drawing it without a browser, and its text alternative.
Does not belong here: what a figure shows (bars.py, curves.py, heat.py), what the colours are
(style.css).

A figure is drawn once, as wide as a phone, and the page scales it. Its colours are the page's own
custom properties, and its letters the page's own.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

WIDTH = 340
INK, MUTED, RULE, PAPER = "var(--ink)", "var(--muted)", "var(--rule)", "var(--paper)"
SERIES, SOFT, HEAT = "var(--series)", "var(--series-soft)", "var(--heat)"
LOST, LOST_INK = "var(--lost)", "var(--lost-ink)"
_VEGA_LITE = "6.4"
_SIZE = 11
# Widths are measured in it while drawing; it comes with the drawing library.
_MEASURED = "Liberation Sans"
_LOOK: dict[str, Any] = {
    # The page describes the figure; labels of every mark would be most of the file.
    "aria": False,
    "background": None,
    "font": _MEASURED,
    "padding": {"left": 0, "right": 0, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "mark": {"color": SERIES},
    "text": {"color": INK, "fontSize": _SIZE},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": _SIZE,
        "titleColor": MUTED,
        "titleFontSize": _SIZE,
        "titleFontWeight": "normal",
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
    },
    "concat": {"spacing": 10},
}
_ROOT = re.compile(r"<svg [^>]*?viewBox=\"(?P<box>[^\"]+)\"[^>]*>")
_FONT = re.compile(r' font-family="[^"]*"')
_TAG = re.compile(r"<[^>]*>")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")
# What a program that edits the figure would need, and a reader never sees.
_NEEDLESS = re.compile(
    r' (?:class="[^"]*"|aria-[a-z]+="[^"]*"|role="[^"]*"|pointer-events="none"|opacity="1")'
)
_NOTHING = re.compile(
    r'<path d="(?:M0,0h0v0h0Z)?"(?: [^>]*)?/>|<g></g>|<path [^>]*display="none"/>'
)


def draw(chart: alt.TopLevelMixin, *, key: str, title: str, description: str) -> str:
    """The SVG of a chart, named and described for those who cannot see it.

    `key` makes the ids of title and description, and must be unique on the page.
    """
    import vl_convert

    spec = chart.to_dict()
    spec["config"] = _LOOK
    svg = vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)
    for pattern in (_FONT, _NEEDLESS):
        svg = pattern.sub("", svg)
    for _ in range(3):
        svg = _NOTHING.sub("", svg)
    svg = _TAG.sub(lambda tag: _LONG_NUMBER.sub(_shorter, tag.group()), svg)
    head = (
        f'<svg viewBox="\\g<box>" role="img" aria-labelledby="{key}-title {key}-text">'
        f'<title id="{key}-title">{_literal(title)}</title>'
        f'<desc id="{key}-text">{_literal(description)}</desc>'
    )
    return _ROOT.sub(head, svg, count=1)


def _shorter(number: re.Match[str]) -> str:
    """A tenth of a pixel is nothing to the eye; more digits are half of the page."""
    return f"{float(number.group()):.1f}"


def _literal(text: str) -> str:
    """As it may stand in the replacement of a pattern."""
    return escape(text).replace("\\", "\\\\")
