"""Bronze against what polars and dlt take for the same file, run in turn.

    python -m tests.benchmarks.bronze [--rows 4000000] [--rounds 5] [--dlt]

Makes an OpportunityHistory as the Bulk API delivers it (every field quoted) and once without
quotes, and loads each as whole processes: with Flywheel (every record accounted for, every value
cast, every refusal listed), with `pl.scan_csv(…).sink_parquet(…)` alone, and with `--dlt` by dlt's
fastest way on the same file, in an environment of its own. Prints seconds, CPU-seconds, peak
memory and the ratios of the fastest rounds. A benchmark and not a test: it judges nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from orchestration.simulation.salesforce_ids import salesforce_ids

STAGES = ["Prospecting", "Qualification", "Needs Analysis", "Proposal", "Closed Won", "Closed Lost"]
QUOTE_STYLES: tuple[Literal["always", "necessary"], ...] = ("always", "necessary")
_DLT = ("dlt[duckdb]==1.31.0", "pyarrow==26.0.1")

FLYWHEEL = """
from datetime import date; from pathlib import Path; import sys
from orchestration.bronze.load import load_file
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from orchestration.sources.catalog import native_sources
settings = Settings(home=Path(sys.argv[2]))
contract = native_sources()["salesforce"].contracts["opportunity_history"]
landed = local_file(contract, date(2025, 9, 28), Path(sys.argv[1]))
load = load_file(landed, Ledger(settings.ledger), settings, "benchmark")
assert load.error is None and load.rows_accepted == int(sys.argv[3]), load
"""
POLARS = """
import sys, polars as pl
pl.scan_csv(sys.argv[1]).sink_parquet(sys.argv[2] + "/alone.parquet")
"""
DLT = """
import os, sys
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb
folder, _, name = sys.argv[1].rpartition("/")
pipeline = dlt.pipeline("bronze", destination=dlt.destinations.duckdb(sys.argv[2] + "/dlt.duckdb"),
                        pipelines_dir=sys.argv[2] + "/dlt", dataset_name="bronze")
files = filesystem(bucket_url="file://" + folder, file_glob=name)
rows = files | read_csv_duckdb(use_pyarrow=True)
rows.apply_hints(write_disposition="merge", primary_key="Id")
pipeline.run(rows.with_name("opportunity_history"))
"""


@dataclass(frozen=True)
class Cost:
    """Of one whole process."""

    seconds: float
    cpu_seconds: float
    peak_megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:6.2f} s  {self.cpu_seconds:6.2f} CPU-s  {self.peak_megabytes:6.0f} MB"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dlt", action="store_true")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        rows = history(options.rows)
        for quote_style in QUOTE_STYLES:
            rows.write_csv(options.make / f"quoted_{quote_style}.csv", quote_style=quote_style)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = {"flywheel": (sys.executable, FLYWHEEL), "polars": (sys.executable, POLARS)}
        if options.dlt:
            programs["dlt"] = (_environment_of_dlt(folder), DLT)
        # In a process of its own: a child's peak memory counts what its parent holds.
        make = ("-m", __spec__.name, "--rows", str(options.rows), "--make", name)
        subprocess.run([sys.executable, *make], check=True)
        for quote_style in QUOTE_STYLES:
            path = folder / f"quoted_{quote_style}.csv"
            print(f"{options.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB, {path.stem}")
            _compare(programs, path, options.rows, options.rounds)


def history(rows: int) -> pl.DataFrame:
    """An OpportunityHistory of about five records an opportunity, as texts."""
    draws = np.random.default_rng(7)
    owners = salesforce_ids("005", 200).to_numpy()
    opportunities = salesforce_ids("006", rows // 5 + 1).to_numpy()
    amounts = draws.integers(100, 25_000_000, rows) / 100
    seconds = 1_609_459_200 + np.sort(draws.integers(0, 5 * 365 * 86_400, rows))
    probability = draws.integers(0, 11, rows) * 10.0
    return pl.DataFrame(
        {
            "Id": salesforce_ids("008", rows),
            "OpportunityId": opportunities[draws.integers(0, len(opportunities), rows)],
            "StageName": np.array(STAGES)[draws.integers(0, len(STAGES), rows)],
            "Amount": amounts.round(2),
            "CloseDate": pl.from_epoch(pl.Series(seconds + 86_400 * 60)).dt.date(),
            "Probability": probability,
            "ForecastCategory": np.array(["Pipeline", "BestCase", "Omitted"])[
                draws.integers(0, 3, rows)
            ],
            "ExpectedRevenue": (amounts * probability / 100).round(2),
            "CreatedDate": pl.from_epoch(pl.Series(seconds)).dt.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "CreatedById": owners[draws.integers(0, len(owners), rows)],
            "IsDeleted": draws.random(rows) < 0.01,
        }
    )


def _compare(programs: dict[str, tuple[str, str]], path: Path, rows: int, rounds: int) -> None:
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for number in range(rounds):
        for name, (python, program) in programs.items():
            # dlt takes minutes: once is enough to see how far off it is.
            if name != "dlt" or number == 0:
                costs[name].append(_run(python, program, path, rows))
    best = {name: min(each, key=lambda cost: cost.seconds) for name, each in costs.items()}
    for name, cost in best.items():
        print(f"  {name:10}{cost}  {rows / cost.seconds:12,.0f} rows/s")
    print(
        f"  flywheel / polars: {best['flywheel'].seconds / best['polars'].seconds:.2f} of the time"
    )
    if "dlt" in best:
        times = best["dlt"].seconds / best["flywheel"].seconds
        print(f"  flywheel : dlt: {times:.1f} times the rows a second")


def _run(python: str, program: str, path: Path, rows: int) -> Cost:
    with tempfile.TemporaryDirectory(dir=path.parent) as home:
        started = time.monotonic()
        process = subprocess.Popen([python, "-c", program, path, home, str(rows)])
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"failed: {program}")
        return Cost(
            seconds=time.monotonic() - started,
            cpu_seconds=used.ru_utime + used.ru_stime,
            peak_megabytes=used.ru_maxrss / 1024,
        )


def _environment_of_dlt(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", folder / "dlt"], check=True)
    python = str(folder / "dlt" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *_DLT], check=True)
    return python


if __name__ == "__main__":
    main()
