"""Great Expectations on DuckDB: strict, complete, and off the file when it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from orchestration.gate.results import CheckResult
from orchestration.gate.run import build_suite, run_suites
from orchestration.gate.scope import SCOPES
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


# Scope -------------------------------------------------------------------------------------------


ORDERED = "with deals as (select * from {batch}) select deals.opportunity_key, deals.amount "
AGAINST_THE_FACTS = (
    ORDERED + "from {rows_of[marts.facts]} as facts full join deals "
    "on facts.opportunity_key = deals.opportunity_key "
    "where facts.amount is distinct from deals.amount"
)


@pytest.fixture
def later_night(tmp_path: Path) -> Path:
    """Deals `old` and `new` are both wrong, and only `new` was computed anew."""
    path = tmp_path / "later.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema ops")
        for table, amount in (("deals", -1), ("facts", 1)):
            connection.execute(
                f"create table marts.{table} as select opportunity_key, {amount} as amount "
                "from (values ('old'), ('new')) as deals (opportunity_key)"
            )
        for scope in SCOPES:
            connection.execute(f"create table {scope.table} as select 'new' as {scope.key}")
    return path


def scoped(type_: str, **kwargs: Any) -> Suite:
    suite = check(type_, **kwargs)
    (expectation,) = suite.expectations
    narrowed = replace(expectation, meta={"check": "asked", "scope": "recomputed"})
    return replace(suite, key=["opportunity_key"], expectations=[narrowed])


@pytest.mark.parametrize(
    "query", ["select opportunity_key, amount from {batch} where amount < 0", AGAINST_THE_FACTS]
)
def test_a_scoped_query_refuses_what_was_computed_anew_and_sees_no_more(
    later_night: Path, query: str
) -> None:
    suite = scoped("unexpected_rows_expectation", unexpected_rows_query=query)
    (result,) = run_suites([suite], later_night)
    assert not result.success
    assert result.sample == [{"opportunity_key": "new", "amount": -1}]


@pytest.mark.parametrize(
    ("type_", "kwargs", "passes"),
    [
        ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 1}, True),
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0}, False),
        ("expect_column_values_to_be_in_set", {"column": "opportunity_key", "value_set": ["new"]},
         True),
        ("expect_column_values_to_not_be_null", {"column": "amount"}, True),
    ],
)  # fmt: skip
def test_any_expectation_can_follow_the_change(
    later_night: Path, type_: str, kwargs: dict[str, Any], passes: bool
) -> None:
    (result,) = run_suites([scoped(type_, **kwargs)], later_night)
    assert result.success is passes, result.observed


@pytest.mark.parametrize(
    "query", ["select opportunity_key, amount from {batch} where amount < 0", AGAINST_THE_FACTS]
)
def test_a_build_of_everything_is_checked_in_full(later_night: Path, query: str) -> None:
    with duckdb.connect(str(later_night)) as connection:
        connection.execute("drop table ops.recomputed_opportunity")
    suite = scoped("unexpected_rows_expectation", unexpected_rows_query=query)
    (result,) = run_suites([suite], later_night)
    assert sorted(row["opportunity_key"] for row in result.sample) == ["new", "old"]


def test_a_check_without_scope_sees_everything_in_every_night(later_night: Path) -> None:
    suite = check("expect_table_row_count_to_be_between", min_value=2, max_value=2)
    (result,) = run_suites([suite], later_night)
    assert result.success


def test_one_suite_can_hold_both_kinds(later_night: Path) -> None:
    whole = check("expect_table_row_count_to_be_between", min_value=2, max_value=2)
    (narrowed,) = scoped("expect_table_row_count_to_be_between", max_value=1).expectations
    named = replace(narrowed, check="narrowed", meta=narrowed.meta | {"check": "narrowed"})
    suite = replace(whole, key=["opportunity_key"], expectations=[named, *whole.expectations])
    results = run_suites([suite], later_night)
    assert [(result.check, result.success) for result in results] == [
        ("narrowed", True),
        ("asked", True),
    ]


def test_the_gate_lets_go_of_the_file(candidate: Path) -> None:
    """A handle left open would lock publication out."""
    run_suites([check("expect_table_row_count_to_be_between", min_value=1)], candidate)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("create table marts.sealed (a int)")


def test_the_gate_cannot_change_the_candidate(candidate: Path) -> None:
    before = candidate.read_bytes()
    run_suites([check("expect_table_row_count_to_be_between", min_value=1)], candidate)
    assert candidate.read_bytes() == before


Extract = tuple[int, str, str | None, int]


def said_of_loads(check: str, loads: list[dict[str, Any]], path: Path) -> CheckResult:
    """What a check says of loads, each loaded after the one before."""
    usual = {"source_system": "acme", "object_name": "accounts", "status": "accepted"}
    rows = path.with_name("loads.parquet")
    pl.DataFrame(
        [
            usual | {"load_id": f"load {number}", "started_at": datetime(2025, 9, 9, number)} | load
            for number, load in enumerate(loads)
        ],
        schema_overrides={"reload_of": pl.String},
    ).write_parquet(rows)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema ops")
        connection.execute(f"create table ops.load_audit as from '{rows}'")
    (suite,) = (each for each in read_suites() if each.name == "ops.load_audit")
    asked = [each for each in suite.expectations if each.check == check]
    (result,) = run_suites([replace(suite, expectations=asked)], path)
    return result


def said_of_sizes(extracts: list[Extract], path: Path) -> CheckResult:
    """The same of full extracts: the night, the file, what it was read anew from and its rows."""
    names = ("batch_date", "file_name", "reload_of", "rows_accepted")
    loads = [
        dict(zip(names, (date(2025, 9, night), *said), strict=True)) | {"extract": "full"}
        for night, *said in extracts
    ]
    return said_of_loads("full_extracts_keep_their_size", loads, path)


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
    extracts = [(night, "a.csv", None, count) for night, count in enumerate(counts, start=1)]
    result = said_of_sizes(extracts, tmp_path / "flywheel.duckdb")
    assert (result.success, result.severity) == (not is_refused, "critical")


@pytest.mark.parametrize(
    ("extracts", "is_refused"),
    [
        # A corrected file takes the place of the one that was wrong, with what was read anew of it.
        ([(1, "a.csv", None, 200), (1, "a.csv", None, 200), (2, "a.csv", None, 199)], False),
        ([(1, "a.csv", None, 200), (1, "r.csv", "load 0", 9), (1, "a.csv", None, 120),
          (2, "a.csv", None, 62)], False),
        # Parts count together, and so does what was read anew of them, once and again.
        ([(1, "a.csv", None, 100), (1, "b.csv", None, 100), (2, "a.csv", None, 99)], True),
        ([(1, "a.csv", None, 60), (1, "r.csv", "load 0", 40), (1, "s.csv", "load 1", 60),
          (2, "a.csv", None, 79)], True),
    ],
)  # fmt: skip
def test_a_corrected_full_extract_counts_once(
    tmp_path: Path, extracts: list[Extract], is_refused: bool
) -> None:
    result = said_of_sizes(extracts, tmp_path / "flywheel.duckdb")
    assert result.success is not is_refused


@pytest.mark.parametrize(
    ("extract", "status", "is_told"),
    [
        ("delta", "duplicate", True),
        ("delta", "accepted", True),
        ("full", "accepted", False),
    ],
)
def test_changes_that_come_again_are_told_whether_they_are_loaded_or_not(
    tmp_path: Path, extract: str, status: str, is_told: bool
) -> None:
    usual = {"extract": extract, "file_name": "a.csv", "reload_of": None, "rows_read": 1}
    loads = [
        usual
        | {"run_id": f"run {night}", "batch_date": date(2025, 9, night), "checksum": checksum}
        | ({"status": status} if night == 3 else {})
        for night, checksum in ((1, "x"), (2, "y"), (3, "x"))
    ]
    result = said_of_loads("no_file_comes_twice", loads, tmp_path / "flywheel.duckdb")
    assert (result.success, result.severity) == (not is_told, "warning")


@pytest.mark.parametrize(
    ("name", "nights", "others_bring", "is_told"),
    [
        ("owners", [(40, "x"), (0, "x")], 1, False),
        ("owners", [(40, "x"), (0, "x"), (0, "x")], 1, False),
        ("owners", [(40, "x"), (0, "x")], 0, True),
        ("owners", [(40, "x"), (2, "y"), (0, "y")], 1, True),
        ("owners", [(40, "x"), (41, "y"), (0, "x")], 1, True),
        ("opportunities", [(40, "x"), (0, "x")], 1, True),
    ],
    ids=["a list", "a list for days", "all of a night", "changes", "an older list", "what changes"],
)
def test_a_whole_list_that_did_not_change_is_not_told_of(
    tmp_path: Path,
    name: str,
    nights: list[tuple[int, str]],
    others_bring: int,
    is_told: bool,
) -> None:
    loads = []
    for night, (rows, checksum) in enumerate(nights, start=1):
        usual = {
            "run_id": f"run {night}", "batch_date": date(2025, 9, night), "extract": "delta",
            "file_name": "a.csv", "reload_of": None,
        }  # fmt: skip
        status = "accepted" if rows else "duplicate"
        loads += [
            usual
            | {"object_name": name, "rows_read": rows, "checksum": checksum, "status": status},
            usual
            | {"object_name": "contacts", "rows_read": others_bring, "checksum": f"night {night}"},
            # It is delivered whole, and so is loaded though it is the same every night.
            usual
            | {"object_name": "stages", "rows_read": 5, "checksum": "stages", "extract": "full"},
        ]
    result = said_of_loads("no_file_comes_twice", loads, tmp_path / "flywheel.duckdb")
    assert result.success is not is_told, result.sample


@pytest.mark.parametrize(
    ("corrected", "is_told"),
    [
        ({}, True),
        # The night's own file came after it, in its place.
        ({"checksum": "y", "rows_read": 3, "status": "accepted"}, False),
    ],
)
def test_a_file_that_came_twice_is_told_of_until_it_is_corrected(
    tmp_path: Path, corrected: dict[str, Any], is_told: bool
) -> None:
    usual = {"extract": "delta", "file_name": "a.csv", "reload_of": None}
    first = {"run_id": "run 1", "batch_date": date(2025, 9, 1), "checksum": "x", "rows_read": 1}
    again = {"run_id": "run 2", "batch_date": date(2025, 9, 2), "checksum": "x", "rows_read": 0}
    loads = [usual | first, usual | again | {"status": "duplicate"}]
    loads += [usual | again | {"run_id": "run 3"} | corrected] if corrected else []
    result = said_of_loads("no_file_comes_twice", loads, tmp_path / "flywheel.duckdb")
    assert result.success is not is_told, result.sample


def test_a_file_that_is_landed_again_in_its_own_place_is_not_told_of(tmp_path: Path) -> None:
    """A list that is delivered whole, and is the same every night."""
    usual = {"extract": "full", "file_name": "a.csv", "reload_of": None, "checksum": "x"}
    loads = [
        usual | {"run_id": f"run {number}", "batch_date": date(2025, 9, night), "rows_read": rows}
        | ({} if rows else {"status": "duplicate"})
        for number, (night, rows) in enumerate([(1, 7), (2, 7), (2, 0)])
    ]  # fmt: skip
    result = said_of_loads("no_file_comes_twice", loads, tmp_path / "flywheel.duckdb")
    assert result.success, result.sample


@pytest.mark.parametrize(
    ("reached", "at_fault"),
    [
        # One rep hands over to another at the second stage.
        ([("all", "all", 3, 2), ("owner", "first", 3, 0), ("owner", "second", 0, 2)], []),
        ([("all", "all", 3, 4), ("owner", "second", 0, 2)], ["all"]),
        ([("all", "all", 3, 2), ("segment", "large", 1, 2)], ["large"]),
        ([("all", "all", 3, 2), ("owner", "second", 0, 4)], ["second"]),
    ],
)
def test_no_stage_is_reached_more_often_than_the_one_before_it(
    tmp_path: Path, reached: list[tuple[str, str, int, int]], at_fault: list[str]
) -> None:
    """By whoever owned it then: an opportunity that is handed over was at the stage before, too."""
    path = tmp_path / "flywheel.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.funnel_stage_conversion (pipeline_key varchar, dimension varchar, "
            "dimension_value varchar, stage_rank integer, reached_count bigint)"
        )
        connection.executemany(
            "insert into marts.funnel_stage_conversion values ('new', ?, ?, ?, ?)",
            [
                (dimension, value, rank, count)
                for dimension, value, *counts in reached
                for rank, count in enumerate(counts, start=1)
                if count
            ],
        )
    (suite,) = [each for each in read_suites() if each.name == "marts.funnel_stage_conversion"]
    name = "reached_never_rises_with_rank"
    asked = [each for each in suite.expectations if each.check == name]
    (result,) = run_suites([replace(suite, expectations=asked)], path)
    assert [row["dimension_value"] for row in result.sample] == at_fault
    assert result.success is not bool(at_fault)
