"""A year of nights in which nothing is wrong: how often the gate says otherwise.

    python -m tests.faults.clean_year [--nights 365] [--opportunities 6000] [--seed 11]
        [--extracts-only] [--home FOLDER]

Belongs here: simulated nights run one after the other as `flywheel nightly` runs them, and a count
of refusals and warnings by check: all of them are false. With `--extracts-only` no mart is built:
each night is loaded, judged by the checks of bronze and compared with the nights before, in a third
of the time.
Does not belong here: nights in which something is wrong (planted/).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from orchestration.gate.results import CheckResult, verdict_of
from orchestration.nightly import run_nights
from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.faults.planted.nights import accept_night, judged_extracts

FIRST = date(2025, 1, 7)
_SHOWN_EVERY = 10


def judged_nights(
    settings: Settings, nights: list[date], *, extracts_only: bool
) -> Iterator[tuple[date, list[CheckResult]]]:
    """Each night with all results of its checks; RuntimeError when one is not judged at all."""
    if extracts_only:
        for night in nights:
            yield night, judged_extracts(settings, night)
            accept_night(settings)
        return
    for outcome in run_nights(settings, nights):
        if outcome.publication is None and not outcome.verdict.refusing:
            raise RuntimeError(f"{outcome.night} failed: {outcome.failure}")
        yield outcome.night, outcome.checks


def main() -> None:
    """Run the nights and print what was refused and warned, by check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--opportunities", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--extracts-only", action="store_true")
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clean-year-") as folder:
        settings = Settings(home=asked.home or Path(folder) / "home")
        simulate(
            settings.landing,
            opportunities=asked.opportunities,
            nights=asked.nights,
            seed=asked.seed,
            first_night=FIRST,
        )
        nights = [FIRST + timedelta(days=number) for number in range(asked.nights)]
        _count(judged_nights(settings, nights, extracts_only=asked.extracts_only))


def _count(judged: Iterator[tuple[date, list[CheckResult]]]) -> None:
    refusals, warnings = Counter[str](), Counter[str]()
    refused_nights = warned_nights = 0
    for number, (night, checks) in enumerate(judged, start=1):
        verdict = verdict_of(checks)
        refused_nights += bool(verdict.refusing)
        warned_nights += bool(verdict.warning)
        for counts, failed in ((refusals, verdict.refusing), (warnings, verdict.warning)):
            for check in failed:
                counts[f"{check.suite}: {check.check}"] += 1
                print(f"{night} {check.severity} {check.suite}: {check.check}: {check.observed}")
                for row in check.sample[:3]:
                    print(f"    {row}")
        if number % _SHOWN_EVERY == 0:
            print(f"{number} nights: {refused_nights} refused, {warned_nights} warned", flush=True)
    print(f"\nin all: {refused_nights} nights refused, {warned_nights} warned")
    for kind, counts in (("refused", refusals), ("warned", warnings)):
        for name, count in counts.most_common():
            print(f"  {kind} {count:4}  {name}")


if __name__ == "__main__":
    main()
