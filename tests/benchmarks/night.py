"""What a later night costs on the default sample, and where the time goes.

    python -m tests.benchmarks.night [--nights 3] [--opportunities 5000]

Runs nights as whole processes of the console script and prints CPU-seconds of each; then one more
night with a clock around its parts. A benchmark and not a test: it prints and judges nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

FIRST = date(2025, 9, 28)
FLYWHEEL = Path(sys.executable).with_name("flywheel")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--opportunities", type=int, default=5_000)
    parser.add_argument("--parts-of", type=date.fromisoformat, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parts_of:
        _print_parts(options.parts_of)
        return
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"FLYWHEEL_HOME": home}
        _call(
            environment, FLYWHEEL, "simulate",
            "--opportunities", str(options.opportunities), "--nights", str(options.nights + 2),
        )  # fmt: skip
        print(f"first night    {_line(_night(environment, FIRST))}")
        later = []
        for number in range(1, options.nights + 1):
            later.append(_night(environment, FIRST + timedelta(days=number)))
            print(f"later night {number}  {_line(later[-1])}")
        print(f"median of later nights: {statistics.median(cpu for cpu, _, _ in later):.1f} CPU-s")
        night = FIRST + timedelta(days=options.nights + 1)
        print("\nwhere the time goes (CPU-seconds of one later night)")
        _call(environment, sys.executable, "-m", __spec__.name, "--parts-of", night.isoformat(),
              output=None)  # fmt: skip


def _night(environment: dict[str, str], night: date) -> tuple[float, float, float]:
    """CPU-seconds, seconds, and peak memory in MB of one night as a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    _call(environment, FLYWHEEL, "nightly", "--date", night.isoformat())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - started, after.ru_maxrss / 1024


def _line(measured: tuple[float, float, float]) -> str:
    cpu, seconds, megabytes = measured
    return f"{cpu:5.1f} CPU-s  {seconds:5.1f} s  peak {megabytes:,.0f} MB so far"


def _call(
    environment: dict[str, str], *command: str | Path, output: int | None = subprocess.DEVNULL
) -> None:
    subprocess.run(command, env=environment, stdout=output, check=True)


def _print_parts(night: date) -> None:
    whole = time.process_time()
    parts: list[tuple[str, float]] = [("start of Python", whole)]

    def timed(name: str, call: Callable[[], Any]) -> Any:
        started = time.process_time()
        result = call()
        parts.append((name, time.process_time() - started))
        return result

    def watch(module: Any, function: str, name: str) -> None:
        inner = getattr(module, function)

        def watched(*args: Any, **kwargs: Any) -> Any:
            return timed(name, lambda: inner(*args, **kwargs))

        setattr(module, function, watched)

    for name, modules in (
        ("import polars, settings", ["orchestration.nightly"]),
        ("import dagster", ["dagster_dbt", "orchestration.definitions"]),
        ("import dbt", ["dbt.cli.main", "dbt.adapters.duckdb"]),
    ):
        timed(name, lambda modules=modules: [import_module(module) for module in modules])

    import orchestration.bronze.assets as bronze
    import orchestration.definitions as definitions
    import orchestration.gate.run as gate
    import orchestration.nightly as nightly
    import orchestration.publication.assets as publication
    import orchestration.warehouse.assets as warehouse
    from orchestration.lock import hold_lock
    from orchestration.settings import Settings

    watch(definitions, "build_defs", "definitions")
    watch(bronze, "load_night", "bronze")
    watch(warehouse, "build_candidate", "dbt build")
    watch(gate, "run_suites", "gate, import of Great Expectations included")
    watch(publication, "promote", "publish")
    settings = Settings()
    hold_lock(settings)
    timed("look at the landing", lambda: nightly.plan(settings, night, night))
    list(nightly.run_nights(settings, [night]))
    total = time.process_time()
    parts.append(("Dagster's own events and the rest", total - sum(spent for _, spent in parts)))
    for name, spent in parts:
        print(f"  {name:44s}{spent:6.2f}")
    print(f"  {'whole':44s}{total:6.2f}")


if __name__ == "__main__":
    main()
