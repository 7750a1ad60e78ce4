"""Each fact is checked in one place: no suite repeats a contract or a test of dbt.

Belongs here: the suites beside dbt's manifest. Does not belong here: whether checks hold.
"""

from __future__ import annotations

import re

import pytest

from orchestration.gate.suites import Expectation, Suite, read_suites
from orchestration.settings import Settings
from orchestration.warehouse.project import manifest

# What an expectation says of a column -> the test of dbt that says the same.
SAME = {
    "expect_column_values_to_be_unique": "unique",
    "expect_column_values_to_be_in_set": "accepted_values",
    "expect_compound_columns_to_be_unique": "unique_combination",
}
NOT_NULL = "expect_column_values_to_not_be_null"

_CHOSEN = re.compile(r"(?<![\d.])0\.0*[1-9]\d*|> 6\b")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d: ")

Said = set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def said_by_dbt(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Table, column and what is said of it, by the tests and the contracts of tables."""
    project = manifest(Settings(home=tmp_path_factory.mktemp("manifest")))
    said = set()
    for node in project["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["materialized"] != "view":
            table = f"{node['schema']}.{node['name']}"
            for name, column in node["columns"].items():
                if any(each["type"] == "not_null" for each in column["constraints"]):
                    said.add((table, name, "not_null"))
        if node["resource_type"] == "test" and node["attached_node"] and node["test_metadata"]:
            model = project["nodes"][node["attached_node"]]
            columns = [node["column_name"]] if node["column_name"] else []
            columns += node["test_metadata"]["kwargs"].get("columns", [])
            for name in columns:
                said.add(
                    (f"{model['schema']}.{model['name']}", name, node["test_metadata"]["name"])
                )
    return said


def test_no_suite_repeats_what_dbt_says(said_by_dbt: Said) -> None:
    repeated = [
        f"{suite.name}: {expectation.check}"
        for suite in read_suites()
        for expectation in suite.expectations
        if _facts_of(suite, expectation) & said_by_dbt
    ]
    assert repeated == []


def test_what_dbt_says_is_seen(said_by_dbt: Said) -> None:
    """Otherwise the test above could not fail."""
    assert ("ops.load_audit", "load_id", "unique") in said_by_dbt
    assert ("ops.load_audit", "status", "not_null") in said_by_dbt


def test_no_query_is_asked_twice() -> None:
    queries = [
        (suite.table, expectation.query)
        for suite in read_suites()
        for expectation in suite.expectations
        if expectation.query
    ]
    assert len(queries) == len(set(queries))


def test_every_threshold_is_dated() -> None:
    """What is compared with a fraction, or with spreads, has a bound or a tolerance that somebody
    chose; so the reason says when. A half is the half of a median.
    """
    undated = [
        f"{suite.name}: {expectation.check}"
        for suite in read_suites()
        for expectation in suite.expectations
        if ({*_CHOSEN.findall(expectation.query or "")} - {"0.5"} or "mostly" in expectation.kwargs)
        and not _DATE.search(expectation.meta["reason"])
    ]
    assert undated == []


def _facts_of(suite: Suite, expectation: Expectation) -> Said:
    column = expectation.kwargs.get("column")
    if expectation.type == NOT_NULL and "mostly" not in expectation.kwargs:
        return {(suite.table, column, "not_null")}
    kind = SAME.get(expectation.type)
    return {(suite.table, column, kind)} if kind and column else set()
