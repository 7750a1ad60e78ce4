"""Great Expectations on DuckDB: strict, complete, and off the file when it is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.gate.run import build_suite, run_suites
from orchestration.gate.suites import Expectation, Suite, read_suites


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    path = tmp_path / "flywheel.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.deals as select * from (values "
            "('a', 10.00, 'Open'), ('b', -5.00, 'Won'), ('c', null, 'Dreaming')) "
            "as deals (deal, amount, stage)"
        )
    return path


def check(type_: str, severity: str = "critical", **kwargs: Any) -> Suite:
    """A suite of one expectation on `marts.deals`."""
    expectation = Expectation(
        check="asked",
        type=type_,
        severity=severity,
        description="What is asked.",
        kwargs=kwargs,
        meta={"check": "asked"},
    )
    return Suite("marts.deals", "marts.deals", ["deal"], [expectation])


@pytest.mark.parametrize("suite", read_suites(), ids=lambda suite: suite.name)
def test_every_suite_file_can_be_built_in_full(suite: Suite) -> None:
    assert len(build_suite(suite).expectations) == len(suite.expectations)


def test_an_unknown_expectation_stops_the_gate() -> None:
    """Great Expectations itself only logs it and goes on without the check."""
    with pytest.raises(Exception, match="expect_nothing_much"):
        build_suite(check("expect_nothing_much"))


@pytest.mark.parametrize(
    ("type_", "kwargs", "passes"),
    [
        ("expect_table_row_count_to_be_between", {"min_value": 1}, True),
        ("expect_table_row_count_to_be_between", {"min_value": 4}, False),
        ("expect_column_values_to_not_be_null", {"column": "amount"}, False),
        ("expect_column_values_to_not_be_null", {"column": "amount", "mostly": 0.5}, True),
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0}, False),
        ("expect_column_values_to_be_in_set", {"column": "stage", "value_set": ["Open"]}, False),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "select deal from {batch} where amount > 100"},
            True,
        ),
    ],
)
def test_an_expectation_tells_good_data_from_bad(
    candidate: Path, type_: str, kwargs: dict[str, Any], passes: bool
) -> None:
    (result,) = run_suites([check(type_, **kwargs)], candidate)
    assert result.success is passes


def test_a_failed_query_shows_the_offending_rows(candidate: Path) -> None:
    query = "select deal, amount from {batch} where amount < 0"
    suite = check("unexpected_rows_expectation", unexpected_rows_query=query)
    (result,) = run_suites([suite], candidate)
    assert [(row["deal"], float(row["amount"])) for row in result.sample] == [("b", -5.0)]


def test_a_check_that_raises_is_critical_whatever_it_would_have_been(candidate: Path) -> None:
    suite = check("expect_column_values_to_not_be_null", severity="info", column="no_such_column")
    (result,) = run_suites([suite], candidate)
    assert (result.success, result.severity) == (False, "critical")
    assert "no_such_column" in result.observed


def test_the_gate_lets_go_of_the_file(candidate: Path) -> None:
    """A handle left open would lock publication out."""
    run_suites([check("expect_table_row_count_to_be_between", min_value=1)], candidate)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("create table marts.sealed (a int)")


def test_the_gate_cannot_change_the_candidate(candidate: Path) -> None:
    before = candidate.read_bytes()
    run_suites([check("expect_table_row_count_to_be_between", min_value=1)], candidate)
    assert candidate.read_bytes() == before


@pytest.mark.parametrize(
    ("counts", "is_refused"),
    [
        ([100, 49], True),
        ([100, 50], False),
        ([99, 0], False),
        ([1_000, 0], True),
        ([1_000, 100, 100], False),
        ([100], False),
    ],
)
def test_a_full_extract_of_less_than_half_the_rows_refuses_the_night(
    tmp_path: Path, counts: list[int], is_refused: bool
) -> None:
    path = tmp_path / "flywheel.duckdb"
    nights = ", ".join(
        f"('acme', 'accounts', 'full', 'accepted', date '2025-09-{day:02}', {count})"
        for day, count in enumerate(counts, start=1)
    )
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema ops")
        connection.execute(
            f"create table ops.load_audit as select * from (values {nights}) as loads "
            "(source_system, object_name, extract, status, batch_date, rows_accepted)"
        )
    (suite,) = (each for each in read_suites() if each.name == "ops.load_audit")
    asked = [each for each in suite.expectations if each.check == "full_extracts_keep_their_size"]
    (result,) = run_suites([replace(suite, expectations=asked)], path)
    assert (result.success, result.severity) == (not is_refused, "critical")
