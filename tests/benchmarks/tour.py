"""How long the questions of the tour take.

    python -m tests.benchmarks.tour FILE

Asks every query of docs/tour/, those of plots included, on a published file: the median of five
runs in milliseconds, the slowest first. The bar is 200 ms on a million opportunities with two
cores. A query whose mart the file does not hold is named and not asked.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

import duckdb

from orchestration.tour.questions import questions

_RUNS = 5
_BAR_MILLISECONDS = 200


def queries() -> Iterator[tuple[str, str]]:
    """Every query of the tour with its name."""
    for question in questions():
        yield question.mart, question.query
        if question.plot and question.plot.query != question.query:
            yield f"{question.mart}, plot", question.plot.query


def milliseconds(warehouse: duckdb.DuckDBPyConnection, query: str) -> float:
    """The median of a few runs, each to the last row."""
    runs = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        warehouse.execute(query).fetchall()
        runs.append(time.perf_counter() - begun)
    return statistics.median(runs) * 1000


def main() -> None:
    """Print a line for each query."""
    measured: dict[str, float] = {}
    absent: list[str] = []
    with duckdb.connect(sys.argv[1], read_only=True, config={"threads": 2}) as warehouse:
        for name, query in queries():
            try:
                measured[name] = milliseconds(warehouse, query)
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                absent.append(f"{name}: {str(error).splitlines()[0]}")
    for name, took in sorted(measured.items(), key=lambda each: -each[1]):
        print(f"{took:8.1f} ms  {name}{'  above the bar' if took > _BAR_MILLISECONDS else ''}")
    for reason in absent:
        print(f"not asked   {reason}")


if __name__ == "__main__":
    main()
