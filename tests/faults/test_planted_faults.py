"""Every planted fault is refused or warned, as was written before it was tried.

Belongs here: running the faults of planted/ through the steps of a night, and the claim that a
night without one passes. Does not belong here: the faults themselves (planted/extracts.py,
planted/marts.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.gate.results import CheckResult, verdict_of
from orchestration.gate.run import run_suites
from orchestration.gate.scope import follows_the_change
from tests.faults.planted.company import Company, found_company
from tests.faults.planted.extracts import FAULTS, REFUSED, Fault
from tests.faults.planted.marts import ANEW, TAMPERINGS, Tampering
from tests.faults.planted.nights import suites_of


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Five weeks of published nights, shared: a planted night is taken back."""
    return found_company(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def candidate(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The candidate of a night without a fault, which passes the whole gate."""
    verdict = verdict_of(company.night_with(lambda _: None, in_full=True))
    assert _named(verdict.refusing) == []
    # Otherwise checks that follow the change would look at everything.
    with duckdb.connect(str(company.settings.candidate), read_only=True) as connection:
        assert follows_the_change(connection)
    kept = tmp_path_factory.mktemp("candidate") / "flywheel.duckdb"
    shutil.move(company.settings.candidate, kept)
    return kept


def test_there_are_at_least_forty_faults_and_each_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in [*FAULTS, *TAMPERINGS]]
    assert len(names) == len(set(names)) >= 40


def test_a_night_without_a_fault_is_neither_refused_nor_warned(company: Company) -> None:
    verdict = verdict_of(company.night_with(lambda _: None, in_full=False))
    assert _named(verdict.refusing) == []
    assert _named(verdict.warning) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_an_extract_comes_to_what_was_written(company: Company, fault: Fault) -> None:
    verdict = verdict_of(company.night_with(fault.plant, in_full=fault.in_full))
    failed = verdict.refusing if fault.outcome == REFUSED else verdict.warning
    assert (fault.suite, fault.check) in _named(failed)
    assert bool(verdict.refusing) == (fault.outcome == REFUSED), _named(verdict.refusing)


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.name)
def test_a_tampered_mart_is_refused(candidate: Path, tmp_path: Path, tampering: Tampering) -> None:
    broken = tmp_path / "flywheel.duckdb"
    shutil.copy(candidate, broken)
    with duckdb.connect(str(broken)) as connection:
        connection.execute(tampering.statement.replace("{anew}", ANEW))
    results = run_suites(suites_of([tampering.suite]), broken)
    refusing = verdict_of(results).refusing
    assert (tampering.suite, tampering.check) in _named(refusing)
    assert not [result.observed for result in results if "Error" in result.observed]


def _named(checks: list[CheckResult]) -> list[tuple[str, str]]:
    return [(check.suite, check.check) for check in checks]
