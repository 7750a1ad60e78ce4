"""What a company of many opportunities costs, against one hand-written script.

    python -m tests.benchmarks.company [--sizes 10000 100000 1000000] [--results results.json]

For each size: the first night, the tables alone by dbt, the same tables by hand (by_hand.py), a
night that changes one opportunity in a hundred, and the question for the pipeline of a past day.
Every step is a whole process; what it costs on a company of a handful of opportunities is its fixed
cost. A benchmark and not a test: it prints and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.benchmarks.by_hand import compare
from tests.benchmarks.later_night import land_changes
from tests.benchmarks.processes import Cost, run

FIRST = date(2025, 9, 28)
FLYWHEEL = Path(sys.executable).with_name("flywheel")
HANDFUL = 10
FIXED_TRIES = 3
CHANGED_SHARE = 0.01
STEPS = {
    "first_night": "first night, whole",
    "tables": "its tables by dbt alone",
    "by_hand": "the same tables by hand",
    "later_night": "night that changes 1 %",
}
# docs/history.md, "Past days".
PAST_PIPELINE = """
select stage_key, count(*) as open_count, sum(amount) as open_amount
from marts.fct_opportunity_version
where
    is_open
    and valid_from < timestamp '2025-07-01'
    and (valid_to >= timestamp '2025-07-01' or valid_to is null)
group by stage_key
"""


@dataclass(frozen=True)
class Measured:
    """One company. `costs` go by the names of STEPS; `unequal` tables differ from those by hand."""

    opportunities: int
    history_rows: int
    costs: dict[str, Cost]
    compared_rows: dict[str, int]
    unequal: dict[str, tuple[int, int]]
    query_seconds: float
    events: int
    published_bytes: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--results", type=Path, help="JSON for tests.benchmarks.chart")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, DuckDB {duckdb.__version__}")
    fixed = _fixed()
    _print_costs(fixed, None)
    companies: list[Measured] = []
    for size in options.sizes:
        companies.append(measure(size))
        _print_company(companies[-1], fixed)
        _print_growth(companies, fixed)
        if options.results:
            _write(options.results, fixed, companies)


def _fixed() -> Measured:
    """A company of a handful, each step at its cheapest: other work on the machine only adds."""
    tries = [measure(HANDFUL) for _ in range(FIXED_TRIES)]
    cheapest = {
        step: min((each.costs[step] for each in tries), key=lambda cost: cost.cpu_seconds)
        for step in STEPS
    }
    return replace(tries[0], costs=cheapest)


def measure(opportunities: int) -> Measured:
    """Land a company, run its nights and their opponents, and throw it away."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        environment = os.environ | {"FLYWHEEL_HOME": name}
        run(environment, FLYWHEEL, "simulate", "--opportunities", str(opportunities),
            "--nights", "1", "--first-night", FIRST.isoformat())  # fmt: skip
        costs = {"first_night": _night(environment, FIRST)}
        published = (home / "warehouse" / "flywheel.duckdb").resolve()
        costs["tables"] = run(environment, sys.executable, "-m", "tests.benchmarks.tables")
        opponent = home / "by_hand.duckdb"
        costs["by_hand"] = run(
            environment, sys.executable, "-m", "tests.benchmarks.by_hand", home / "bronze", opponent
        )
        land_changes(home / "landing" / "salesforce", FIRST, CHANGED_SHARE)
        query_seconds, events, history_rows = _asked(published)
        published_bytes = published.stat().st_size
        costs["later_night"] = _night(environment, FIRST + timedelta(days=1))
        # Last: a child's peak memory counts what its parent holds.
        compared = compare(published, opponent)
        return Measured(
            opportunities=opportunities,
            history_rows=history_rows,
            costs=costs,
            compared_rows={each.table: each.rows for each in compared},
            unequal={
                each.table: (each.only_published, each.only_by_hand)
                for each in compared
                if not each.is_equal
            },
            query_seconds=query_seconds,
            events=events,
            published_bytes=published_bytes,
        )


def _night(environment: dict[str, str], night: date) -> Cost:
    return run(environment, FLYWHEEL, "nightly", "--date", night.isoformat())


def _asked(published: Path) -> tuple[float, int, int]:
    """Seconds for the pipeline of a past day (median of five), events, rows of stage history."""
    seconds = []
    with duckdb.connect(str(published), read_only=True) as connection:
        for _ in range(5):
            started = time.monotonic()
            connection.execute(PAST_PIPELINE).fetchall()
            seconds.append(time.monotonic() - started)
        events, rows = (
            connection.execute(f"select count(*) from {table}").fetchall()[0][0]
            for table in (
                "marts.fct_opportunity_event",
                "staging.stg_salesforce__opportunity_history",
            )
        )
    return statistics.median(seconds), events, rows


def _print_costs(company: Measured, fixed: Measured | None) -> None:
    print(f"\n{company.opportunities:,} opportunities, {company.history_rows:,} history rows")
    for step, title in STEPS.items():
        cost = company.costs[step]
        beyond = f"   beyond the fixed cost {cost.beyond(fixed.costs[step])}" if fixed else ""
        print(f"  {title:24}{cost}{beyond}")


def _print_company(company: Measured, fixed: Measured) -> None:
    _print_costs(company, fixed)
    night, tables, by_hand, later = (_beyond(company, fixed, step) for step in STEPS)
    print(f"  (a) tables / by hand: {_ratio(tables, by_hand)}")
    print(f"      whole night / by hand: {_ratio(night, by_hand)}")
    print(f"  (b) night of 1 % / first night: {_ratio(later, night)}")
    print(f"  (c) peak of the first night: {company.costs['first_night'].peak_megabytes:,.0f} MB")
    print(f"  (e) past pipeline: {company.query_seconds:.3f} s")
    print(
        f"  published file: {company.published_bytes / 1e6:,.0f} MB, {company.events:,} events, "
        f"{company.published_bytes / company.events:.0f} bytes per event"
    )
    rows = sum(company.compared_rows.values())
    print(f"  compared: {len(company.compared_rows)} tables, {rows:,} rows")
    for table, (published, by_hand_only) in company.unequal.items():
        print(f"    {table} differs: {published} published alone, {by_hand_only} by hand alone")


def _print_growth(companies: list[Measured], fixed: Measured) -> None:
    if len(companies) > 1:
        small, large = companies[-2:]
        night, tables = (
            _ratio(_beyond(large, fixed, step), _beyond(small, fixed, step))
            for step in ("first_night", "tables")
        )
        times = large.opportunities / small.opportunities
        print(f"  (d) {times:.0f} times the opportunities: night {night}; tables {tables}")
    sys.stdout.flush()


def _beyond(company: Measured, fixed: Measured, step: str) -> Cost:
    return company.costs[step].beyond(fixed.costs[step])


def _ratio(cost: Cost, other: Cost) -> str:
    return (
        f"{cost.cpu_seconds / other.cpu_seconds:.3f} of the CPU-seconds, "
        f"{cost.seconds / other.seconds:.3f} of the time"
    )


def _write(path: Path, fixed: Measured, companies: list[Measured]) -> None:
    content: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[2],
        "duckdb": duckdb.__version__,
        "fixed": asdict(fixed),
        "companies": [asdict(company) for company in companies],
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
