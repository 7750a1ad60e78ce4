"""Every failed check says what to do.

Belongs here: which remedy goes with which kind of check. Does not belong here: the page.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.gate.suites import Suite, read_suites
from orchestration.outcome.remedies import remedies_of
from tests.nights import refusing

SUITES = {suite.name: suite for suite in read_suites()}


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_every_expectation_has_a_remedy(suite: Suite) -> None:
    for expectation in suite.expectations:
        failed = refusing(expectation.check, suite=suite.name, table=suite.table)
        assert all(remedies_of(failed, SUITES)), expectation.check


def test_a_suite_may_know_better() -> None:
    suite = SUITES["marts.win_rate"]
    known = replace(suite.expectations[0], meta={"remedy": "Ask Ada."})
    suites = {suite.name: replace(suite, expectations=[known])}
    assert remedies_of(refusing(known.check), suites) == ["Ask Ada."]


def test_a_refused_row_is_told_of_by_its_rule() -> None:
    name = "bronze.salesforce/opportunity"
    failed = refusing("contract_held", suite=name, table=name, sample=[{"rule": "type"}] * 2)
    told = remedies_of(failed, SUITES)
    assert told[0].startswith("Rule `type`: the text is no value of the column's type. Remedy: add")
    assert len(told) == 2


def test_a_night_that_came_otherwise_than_usual_is_asked_about() -> None:
    failed = refusing("as_usual", suite="bronze.salesforce/opportunity")
    assert remedies_of(failed, SUITES)[0].startswith("Ask whoever runs the export.")


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("unique_dim_rep_rep_key", "A key stands twice"),
        ("not_null_dim_rep_rep_key", "A value is missing"),
        ("relationships_fct_opportunity_owner_key", "never delivered"),
        ("accepted_values_dim_stage_kind", "none of those"),
        ("contract", "what it promises"),
        ("stays_are_ordered", "Look at the rows"),
    ],
)
def test_a_test_of_dbt_is_told_of_by_its_kind(test: str, said: str) -> None:
    assert said in remedies_of(refusing(test, suite="dbt"), SUITES)[0]


def test_a_query_that_could_not_run_is_a_fault_of_the_check() -> None:
    name, suite = next(
        (each.check, suite)
        for suite in SUITES.values()
        for each in suite.expectations
        if each.query is not None
    )
    failed = refusing(name, suite=suite.name, observed="Binder Error: no such column")
    assert "could not be carried out" in remedies_of(failed, SUITES)[0]


def test_a_check_of_a_suite_that_is_gone_still_has_a_remedy() -> None:
    assert remedies_of(refusing("gone", suite="marts.gone"), SUITES)
