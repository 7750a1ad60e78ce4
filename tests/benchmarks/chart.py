"""The chart of docs/benchmarks.md, as plain SVG.

    python -m tests.benchmarks.chart docs/benchmarks.json docs/benchmarks.svg

Bars of CPU-seconds beyond the fixed cost, on a logarithmic scale, a group for each size.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.company import STEPS

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 360, 56, 56, 36
_COLOURS = ("#1f4e79", "#4f8fc0", "#e08a2e", "#7a9a3a")
_DECADES = (-1, 3)


def chart(results: dict[str, Any]) -> str:
    """The SVG of what a benchmark wrote."""
    fixed = results["fixed"]["costs"]
    companies = results["companies"]
    group = (_WIDTH - _LEFT) / len(companies)
    bar = group / (len(STEPS) + 2)
    parts = [*_frame(), *_legend()]
    for place, company in enumerate(companies):
        left = _LEFT + group * place
        for number, step in enumerate(STEPS):
            seconds = company["costs"][step]["cpu_seconds"] - fixed[step]["cpu_seconds"]
            top = _height_of(seconds)
            x = left + bar * (number + 1)
            parts.append(
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{bar * 0.9:.1f}" '
                f'height="{_HEIGHT - _BOTTOM - top:.1f}" fill="{_COLOURS[number]}"/>'
                f'<text x="{x + bar * 0.45:.1f}" y="{top - 4:.1f}" text-anchor="middle" '
                f'font-size="10">{seconds:.1f}</text>'
            )
        parts.append(
            f'<text x="{left + group / 2:.1f}" y="{_HEIGHT - 14}" text-anchor="middle">'
            f"{company['opportunities']:,} opportunities</text>"
        )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _height_of(seconds: float) -> float:
    low, high = _DECADES
    share = (math.log10(max(seconds, 10**low)) - low) / (high - low)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _frame() -> list[str]:
    parts = [f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>']
    for decade in range(_DECADES[0], _DECADES[1] + 1):
        y = _height_of(10**decade)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10**decade:g}</text>'
        )
    return parts


def _legend() -> list[str]:
    parts = [
        f'<text x="{_LEFT}" y="16" font-weight="bold">CPU-seconds beyond the fixed cost '
        "(logarithmic)</text>"
    ]
    for number, title in enumerate(STEPS.values()):
        x = _LEFT + 165 * number
        parts.append(
            f'<rect x="{x}" y="26" width="10" height="10" fill="{_COLOURS[number]}"/>'
            f'<text x="{x + 14}" y="35" font-size="11">{title}</text>'
        )
    return parts


if __name__ == "__main__":
    content = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(chart(content), encoding="utf-8")
