"""The figures of docs/benchmarks.md, as tables of Markdown.

    python -m tests.benchmarks.figures docs/benchmarks.json docs/benchmarks.md

What stands between the two marks of the page is replaced.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.benchmarks.company import STEPS

_MARK, _END = "<!-- figures -->", "<!-- end of figures -->"


def figures(results: dict[str, Any]) -> str:
    """The tables of what a benchmark wrote."""
    fixed, companies = results["fixed"], results["companies"]
    lines = [
        f"{results['cores']} cores, load of the last quarter of an hour {results['load']:.1f}, "
        f"DuckDB {results['duckdb']}. CPU-seconds (seconds):",
        "",
        "| | fixed cost | " + " | ".join(f"{each['opportunities']:,}" for each in companies) + " |",
        "|---|---:|" + "---:|" * len(companies),
    ]
    for step, title in STEPS.items():
        costs = " | ".join(_cost(each["costs"][step]) for each in [fixed, *companies])
        lines.append(f"| {title} | {costs} |")
    return "\n".join([*lines, "", *_judged(fixed, companies)])


def _judged(fixed: dict[str, Any], companies: list[dict[str, Any]]) -> list[str]:
    def ratio(one: str, other: str) -> list[str]:
        return [f"{_beyond(each, fixed, one) / _beyond(each, fixed, other):.2f}"
                for each in companies]  # fmt: skip

    growth = ["", *(
        f"{_beyond(large, fixed, 'first_night') / _beyond(small, fixed, 'first_night'):.1f}"
        for small, large in pairwise(companies)
    )]  # fmt: skip
    rows = {
        "(a) tables / by hand": ratio("tables", "by_hand"),
        "(a) whole night / by hand": ratio("first_night", "by_hand"),
        "(b) night of 1 % / first night": ratio("later_night", "first_night"),
        "(c) peak memory of the first night, MB": [
            f"{each['costs']['first_night']['peak_megabytes']:,.0f}" for each in companies
        ],
        "(d) first night, times that of the size before": growth,
        "(e) pipeline of a past day, s": [f"{each['query_seconds']:.3f}" for each in companies],
        "events": [f"{each['events']:,}" for each in companies],
        "bytes of the published file per event": [
            f"{each['published_bytes'] / each['events']:.0f}" for each in companies
        ],
        "rows compared": [f"{sum(each['compared_rows'].values()):,}" for each in companies],
        "tables that differ": [str(len(each["unequal"])) for each in companies],
    }
    return [
        "Beyond the fixed cost, in CPU-seconds:",
        "",
        "| | " + " | ".join(f"{each['opportunities']:,}" for each in companies) + " |",
        "|---|" + "---:|" * len(companies),
        *(f"| {title} | {' | '.join(cells)} |" for title, cells in rows.items()),
    ]


def _beyond(company: dict[str, Any], fixed: dict[str, Any], step: str) -> float:
    costs = (each["costs"][step]["cpu_seconds"] for each in (company, fixed))
    return float(next(costs) - next(costs))


def _cost(cost: dict[str, float]) -> str:
    return f"{cost['cpu_seconds']:.1f} ({cost['seconds']:.1f})"


def main() -> None:
    """Put the figures of a file of results into a page."""
    results = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    page = Path(sys.argv[2])
    before, _, rest = page.read_text(encoding="utf-8").partition(_MARK)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_MARK}\n{figures(results)}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
