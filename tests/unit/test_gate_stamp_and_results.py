"""What the checks of a night add up to, where they are kept, and how strictly suites are read.

Belongs here: the gate without Great Expectations: verdict, results, stamp, suite files.
Does not belong here: running a suite, publishing (test_publication.py).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from orchestration.gate.results import (
    CheckResult,
    GateRefusedError,
    record,
    result_files,
    results_of,
    verdict_of,
)
from orchestration.gate.scope import other_tables, with_rows_of
from orchestration.gate.stamp import NotGatedError, give_stamp, require_stamp
from orchestration.gate.suites import SUITES, SuiteError, read_suites
from orchestration.settings import PROJECT_ROOT, Settings

NIGHT = "2025-09-28"
PASSED = CheckResult(
    suite="marts.win_rate",
    check="not_empty",
    table="marts.win_rate",
    severity="critical",
    success=True,
    description="There is a win rate.",
    observed="3",
    expected="min_value=1",
    unexpected_count=None,
    sample=[],
)
REFUSING = replace(PASSED, check="no_orphans", success=False, unexpected_count=2)
WARNING = replace(PASSED, check="few_orphans", success=False, severity="warning")


# The verdict -------------------------------------------------------------------------------------


def test_a_failed_critical_check_refuses() -> None:
    assert verdict_of([PASSED, REFUSING]).refusing == [REFUSING]


def test_a_failed_warning_warns() -> None:
    verdict = verdict_of([PASSED, WARNING])

    assert (verdict.refusing, verdict.warning) == ([], [WARNING])


def test_a_failed_check_for_information_is_only_recorded() -> None:
    verdict = verdict_of([PASSED, replace(WARNING, severity="info")])

    assert (verdict.ran, verdict.refusing, verdict.warning) == (2, [], [])


def test_a_check_that_passed_neither_refuses_nor_warns() -> None:
    verdict = verdict_of([PASSED, replace(PASSED, severity="warning")])

    assert (verdict.refusing, verdict.warning) == ([], [])


def test_every_check_that_ran_is_counted() -> None:
    assert verdict_of([PASSED, REFUSING, WARNING]).ran == 3


def test_a_verdict_reads_results_that_can_be_read_only_once() -> None:
    verdict = verdict_of(iter([REFUSING, WARNING]))

    assert (verdict.ran, len(verdict.refusing), len(verdict.warning)) == (2, 1, 1)


def test_a_refusal_names_the_checks() -> None:
    error = GateRefusedError([REFUSING, replace(REFUSING, check="no_twins")])

    assert str(error) == "refused by marts.win_rate: no_orphans; marts.win_rate: no_twins"


# Results -----------------------------------------------------------------------------------------


def test_results_are_read_as_they_were_recorded(settings: Settings) -> None:
    results = [PASSED, replace(REFUSING, sample=[{"id": "006", "amount": 1.5, "name": None}])]
    record(settings, "run", NIGHT, "suites", results)

    assert results_of(settings, "run") == results


def test_the_results_of_a_run_are_those_of_all_its_stages(settings: Settings) -> None:
    record(settings, "run", NIGHT, "bronze-salesforce", [PASSED])
    record(settings, "run", NIGHT, "suites", [REFUSING])

    assert results_of(settings, "run") == [PASSED, REFUSING]


def test_a_stage_that_is_repeated_replaces_its_own_results(settings: Settings) -> None:
    record(settings, "run", NIGHT, "suites", [REFUSING])
    record(settings, "run", NIGHT, "suites", [PASSED])

    assert results_of(settings, "run") == [PASSED]


def test_the_results_of_other_runs_are_left_out(settings: Settings) -> None:
    record(settings, "run", NIGHT, "suites", [PASSED])
    record(settings, "run2", NIGHT, "suites", [REFUSING])

    assert results_of(settings, "run") == [PASSED]


def test_a_run_that_recorded_nothing_has_no_results(settings: Settings) -> None:
    assert results_of(settings, "run") == []


def test_a_stage_without_checks_is_recorded(settings: Settings) -> None:
    record(settings, "run", NIGHT, "suites", [])

    assert results_of(settings, "run") == []
    assert len(result_files(settings)) == 1


@pytest.mark.parametrize(
    "value", [Decimal("1.50"), date(2025, 9, 28), float("nan"), b"\xff", 2**70, {"a": [1]}]
)
def test_any_value_of_an_offending_row_can_be_kept(settings: Settings, value: Any) -> None:
    """A sum over integers is a HUGEINT; a large one must not turn a refusal into a crash."""
    record(settings, "run", NIGHT, "suites", [replace(REFUSING, sample=[{"value": value}])])

    assert len(results_of(settings, "run")[0].sample) == 1


def test_the_results_of_all_runs_can_be_read_as_one_table(settings: Settings) -> None:
    record(settings, "run", NIGHT, "suites", [PASSED])
    record(settings, "run2", "2025-09-29", "bronze-salesforce", [REFUSING])
    table = pl.concat([pl.read_parquet(path) for path in result_files(settings)])

    assert table.select("run_id", "night", "stage", "success").rows() == [
        ("run", date(2025, 9, 28), "suites", True),
        ("run2", date(2025, 9, 29), "bronze-salesforce", False),
    ]


def test_half_written_results_are_no_results(settings: Settings) -> None:
    record(settings, "run", NIGHT, "suites", [PASSED])
    result_files(settings)[0].with_name(f".{NIGHT}.run.later.parquet.tmp").write_bytes(b"half")

    assert results_of(settings, "run") == [PASSED]


# Suites ------------------------------------------------------------------------------------------


def expectation(**said: Any) -> dict[str, Any]:
    return {
        "type": "expect_table_row_count_to_be_between",
        "severity": "critical",
        "meta": {"check": "not_empty"},
        "kwargs": {"min_value": 1},
        "description": "There is a win rate.",
    } | said


def suite(*expectations: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {
        "name": "marts.win_rate",
        "meta": {"table": "marts.win_rate", "key": ["metric_id"]},
        "expectations": list(expectations),
    } | said


def write(folder: Path, said: object, name: str = "marts.win_rate") -> Path:
    text = said if isinstance(said, str) else json.dumps(said)
    (folder / f"{name}.json").write_text(text)
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(SuiteError) as raised:
        read_suites(folder)
    return str(raised.value)


def test_a_suite_is_read_as_it_is_written(tmp_path: Path) -> None:
    (read,) = read_suites(write(tmp_path, suite(expectation())))

    assert (read.name, read.table, read.key) == ("marts.win_rate", "marts.win_rate", ["metric_id"])
    (check,) = read.expectations
    assert (check.check, check.severity) == ("not_empty", "critical")
    assert (check.type, check.kwargs) == ("expect_table_row_count_to_be_between", {"min_value": 1})


def test_suites_are_read_in_order_of_table(tmp_path: Path) -> None:
    for table in ("marts.b", "marts.a", "ops.c"):
        write(tmp_path, suite(expectation(), name=table, meta={"table": table}), table)

    assert [each.table for each in read_suites(tmp_path)] == ["marts.a", "marts.b", "ops.c"]


def test_a_gate_without_suites_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path) in refusal(tmp_path)


def test_a_suite_without_expectations_is_refused(tmp_path: Path) -> None:
    text = refusal(write(tmp_path, suite()))

    assert "marts.win_rate.json" in text
    assert "0 expectations" in text


@pytest.mark.parametrize("severity", ["criticl", "CRITICAL", "error", "", None])
def test_a_severity_that_there_is_not_is_refused(tmp_path: Path, severity: str | None) -> None:
    """Great Expectations only logs it and goes on without the check."""
    text = refusal(write(tmp_path, suite(expectation(severity=severity))))

    assert "marts.win_rate.json" in text
    assert repr(severity) in text


def test_a_check_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    """The second would hide the result of the first."""
    text = refusal(write(tmp_path, suite(expectation(), expectation(kwargs={"max_value": 9}))))

    assert "marts.win_rate.json" in text
    assert "'not_empty'" in text


def scoped(scope: object, key: str = "opportunity_key", query: str = "") -> dict[str, Any]:
    """A suite of one check with a scope."""
    said = expectation(meta={"check": "not_empty", "scope": scope})
    if query:
        said |= {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": query},
        }
    return suite(said, meta={"table": "marts.win_rate", "key": [key]})


@pytest.mark.parametrize("scope", ["changed", "Recomputed", "", None, ["recomputed"]])
def test_a_scope_that_there_is_not_is_refused(tmp_path: Path, scope: object) -> None:
    """It would be taken for the whole table, or for none of it."""
    text = refusal(write(tmp_path, scoped(scope)))

    assert "marts.win_rate.json" in text
    assert str(scope) in text


def test_a_table_without_opportunities_cannot_follow_the_change(tmp_path: Path) -> None:
    assert "opportunity_key" in refusal(write(tmp_path, scoped("recomputed", key="metric_id")))


def test_rows_of_the_same_opportunities_need_the_scope(tmp_path: Path) -> None:
    query = "select * from {batch} join {rows_of[marts.fct_opportunity]} using (opportunity_key)"

    assert read_suites(write(tmp_path, scoped("recomputed", query=query)))
    assert "rows_of" in refusal(write(tmp_path, scoped("everything", query=query)))


def test_a_check_looks_at_everything_unless_it_says_so(tmp_path: Path) -> None:
    (read,) = read_suites(write(tmp_path, suite(expectation())))

    assert read.expectations[0].scope == "everything"


def test_only_rows_of_other_tables_are_filled_in() -> None:
    query = "select '{{2}}' from {batch} join {rows_of[marts.a]} join {rows_of[marts.b_c]}"

    assert other_tables(query) == ["marts.a", "marts.b_c"]
    assert with_rows_of(query, str.upper) == (
        "select '{{2}}' from {batch} join MARTS.A join MARTS.B_C"
    )


def test_shares_and_sums_over_a_mart_stay_whole() -> None:
    """What looks across opportunities would see only those of one night."""
    for each in read_suites():
        for check in each.expectations:
            if check.check == "not_empty" or check.check.startswith("few_"):
                assert check.scope == "everything", (each.name, check.check)


def test_marts_that_are_views_keep_their_promises_of_not_null() -> None:
    """Contracts do not bind views: their suites hold what the models call not_null."""
    suites = {each.table: each for each in read_suites()}
    views = [
        path.stem
        for path in (PROJECT_ROOT / "dbt_project/models/marts").rglob("*.sql")
        if "materialized='view'" in path.read_text()
    ]
    assert len(views) >= 4
    for view in views:
        (check,) = (
            each
            for each in suites[f"marts.{view}"].expectations
            if each.check == "nothing_is_missing"
        )
        asked = set(re.findall(r"(\w+) is null", check.query or ""))
        assert asked == _not_null_columns(view), view


def _not_null_columns(model: str) -> set[str]:
    return {
        column["name"]
        for path in (PROJECT_ROOT / "dbt_project/models/marts").rglob("*.yml")
        for said in yaml.safe_load(path.read_text()).get("models", [])
        if said["name"] == model
        for column in said["columns"]
        if any(each["type"] == "not_null" for each in column.get("constraints", []))
    }


@pytest.mark.parametrize(
    "said", [{"name": "marts.win_rates"}, {"meta": {"table": "marts.win_rates"}}]
)
def test_file_suite_and_table_bear_one_name(tmp_path: Path, said: dict[str, Any]) -> None:
    assert "marts.win_rate.json" in refusal(write(tmp_path, suite(expectation(), **said)))


@pytest.mark.parametrize("missing", ["severity", "type", "description", "meta", "kwargs"])
def test_an_expectation_that_lacks_a_word_is_refused_with_its_file(
    tmp_path: Path, missing: str
) -> None:
    said = {name: value for name, value in expectation().items() if name != missing}

    assert "marts.win_rate.json" in refusal(write(tmp_path, suite(said)))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "marts.win_rate"}'])
def test_what_is_no_suite_at_all_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    assert "marts.win_rate.json" in refusal(write(tmp_path, text))


def test_the_suites_of_the_project_can_be_read() -> None:
    assert {each.name for each in read_suites()} == {path.stem for path in SUITES.glob("*.json")}


# The stamp ---------------------------------------------------------------------------------------


@pytest.fixture
def candidate(settings: Settings) -> Path:
    settings.candidate.parent.mkdir(parents=True)
    settings.candidate.write_bytes(b"the candidate")
    return settings.candidate


def test_a_stamp_says_which_checks_passed(settings: Settings, candidate: Path) -> None:
    given = give_stamp(settings, "run", expected_checks=3, ran_checks=3, warnings=1)

    assert require_stamp(settings) == given
    assert (given.run_id, given.ran_checks, given.warnings) == ("run", 3, 1)


@pytest.mark.parametrize("ran", [0, 2, 4])
def test_no_stamp_is_given_when_the_counts_of_checks_differ(
    settings: Settings, candidate: Path, ran: int
) -> None:
    with pytest.raises(NotGatedError, match=rf"{ran} checks ran, 3 are declared"):
        give_stamp(settings, "run", expected_checks=3, ran_checks=ran, warnings=0)
    with pytest.raises(NotGatedError, match="no gate"):
        require_stamp(settings)


def test_no_stamp_is_given_when_no_check_was_declared(settings: Settings, candidate: Path) -> None:
    """Zero of zero checks is a gate that lets all pass."""
    with pytest.raises(NotGatedError):
        give_stamp(settings, "run", expected_checks=0, ran_checks=0, warnings=0)
