"""A check that the machine could not carry out says nothing of the data.

Belongs here: queries that break while the gate runs, through Great Expectations. Does not belong
here: telling such faults by their words (tests/faults/test_recovery.py).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.gate.run import GateIncompleteError, run_suites
from orchestration.gate.suites import Expectation, Suite

IN_A_CONDITION = "select i from {{batch}} where error('{}') is null"
# Counting rows computes no column: it breaks only when the rows are to be shown.
IN_A_COLUMN = "select error('{}') as i from {{batch}}"


def suite_that_says(error: str, query: str) -> Suite:
    """One warning on one table, whose query ends in an error of DuckDB's."""
    broken = Expectation(
        check="broken",
        type="unexpected_rows_expectation",
        severity="warning",
        description="",
        kwargs={"unexpected_rows_query": query.format(error)},
        meta={"check": "broken"},
    )
    return Suite(name="marts.fct_one", table="marts.fct_one", key=[], expectations=[broken])


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    path = tmp_path / "candidate.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_one as select 1 as i")
    return path


@pytest.mark.parametrize("query", [IN_A_CONDITION, IN_A_COLUMN])
@pytest.mark.parametrize("said", ["No space left on device", "Input/output error"])
def test_a_fault_of_the_machine_fails_the_night_and_refuses_nothing(
    candidate: Path, said: str, query: str
) -> None:
    with pytest.raises(GateIncompleteError, match=said):
        run_suites([suite_that_says(said, query)], candidate)


@pytest.mark.parametrize("query", [IN_A_CONDITION, IN_A_COLUMN])
def test_a_query_that_breaks_by_itself_refuses_whatever_its_severity(
    candidate: Path, query: str
) -> None:
    (result,) = run_suites([suite_that_says("no such thing", query)], candidate)
    assert (result.severity, result.success) == ("critical", False)
    assert "no such thing" in result.observed
