"""A night step by step, as the job runs it, without Dagster: what is loaded, and what is found.

Belongs here: the steps of a night in their order, each by the function that the night itself calls.
Does not belong here: companies and faults (company.py, extracts.py, marts.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from orchestration.bronze.judge import judge_object
from orchestration.bronze.night import accept, heal, load_night
from orchestration.bronze.profile import remember_profiles
from orchestration.extracts.ledger import Ledger
from orchestration.gate.results import CheckResult, verdict_of
from orchestration.gate.run import run_suites
from orchestration.gate.suites import Suite, read_suites
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from orchestration.warehouse.assets import _as_check
from orchestration.warehouse.build import build_candidate
from tests.integration.marts import build_marts

# The tables about extracts, which stand on no mart.
OF_EXTRACTS = ("load_audit", "night_deviation", "source_freshness")


def load(settings: Settings, night: date) -> list[CheckResult]:
    """Load every source and judge its objects, as bronze does."""
    heal(settings)
    results = []
    for source in load_sources(settings.user_sources).values():
        loads = load_night(settings, night, f"night of {night}", source.name)
        ledger = Ledger(settings.ledger)
        for name, contract in source.contracts.items():
            its_loads = [each for each in loads if each.object == name]
            results += judge_object(settings, contract, its_loads, ledger)
    remember_profiles(settings)
    return results


def judged_extracts(settings: Settings, night: date) -> list[CheckResult]:
    """The checks of bronze and, unless these refuse, those of the tables about extracts."""
    results = load(settings, night)
    if verdict_of(results).refusing:
        return results
    # A copy of no version: these tables are small, and nothing else is needed.
    shutil.rmtree(settings.candidate.parent, ignore_errors=True)
    build_marts(settings, OF_EXTRACTS)
    return results + run_suites(
        suites_of(f"ops.{table}" for table in OF_EXTRACTS), settings.candidate
    )


def judged_night(settings: Settings, night: date, version: Path | None) -> list[CheckResult]:
    """Everything that is checked before publication; later steps only if earlier ones pass."""
    results = load(settings, night)
    if verdict_of(results).refusing:
        return results
    built = build_candidate(settings, version=version)
    assert not built.broken, [model.message for model in built.broken]
    results += [_as_check(test) for test in built.tests]
    if verdict_of(results).refusing:
        return results
    return results + run_suites(read_suites(), settings.candidate)


def accept_night(settings: Settings) -> None:
    """What publication does to the loads of a night."""
    accept(settings)


def suites_of(tables: Iterable[str]) -> list[Suite]:
    """The suites of some tables."""
    wanted = set(tables)
    return [suite for suite in read_suites() if suite.table in wanted]
