"""What dbt's pages say is whole: every column described, every reader of the marts an exposure.

Belongs here: descriptions and exposures in dbt's manifest. Does not belong here: whether the pages
can be made (integration/test_dbt_docs.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from orchestration.serving.superset.datasets import DASHBOARD
from orchestration.settings import Settings
from orchestration.warehouse.project import manifest

BOARD = "superset_sales_funnel_and_cohorts"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    return manifest(Settings(home=tmp_path_factory.mktemp("manifest")))


@pytest.fixture(scope="module")
def public(project: Mapping[str, Any]) -> dict[str, Any]:
    """The models of the public schemas."""
    return {
        node["name"]: node
        for node in project["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("marts", "ops")
    }


@pytest.fixture(scope="module")
def read_by(project: Mapping[str, Any]) -> dict[str, set[str]]:
    """The marts that each exposure reads."""
    return {
        each["name"]: {node.rpartition(".")[2] for node in each["depends_on"]["nodes"]}
        for each in project["exposures"].values()
    }


def test_every_column_of_every_mart_is_described(public: dict[str, Any]) -> None:
    bare = [
        f"{name}.{column}"
        for name, model in public.items()
        for column, said in model["columns"].items()
        if not said["description"].strip()
    ]
    assert bare == []
    assert len(public) > 30


def test_a_column_of_a_mart_that_may_be_null_says_when(public: dict[str, Any]) -> None:
    """Rates and the ends of their intervals are NULL where nothing is counted (CONTRIBUTING)."""
    silent = [
        f"{name}.{column}"
        for name, model in public.items()
        if model["schema"] == "marts"
        for column, said in model["columns"].items()
        if "not_null" not in {constraint["type"] for constraint in said["constraints"]}
        and "NULL" not in said["description"]
        and not re.search(r"_rate(_low|_high)?$", column)
    ]
    assert silent == []


def test_every_table_of_every_layer_says_what_a_row_is(project: Mapping[str, Any]) -> None:
    """In Dagster's lineage too; what is ephemeral is no table and stands in neither."""
    bare = [
        node["name"]
        for node in project["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] != "ephemeral"
        and not node["description"].strip()
    ]
    assert bare == []


def test_every_exposure_has_an_owner_and_says_what_it_is(project: Mapping[str, Any]) -> None:
    for each in project["exposures"].values():
        assert each["owner"]["name"], each["name"]
        assert each["owner"]["email"], each["name"]
        assert each["description"], each["name"]


def test_postgresql_is_exposed_to_every_mart(
    public: dict[str, Any], read_by: dict[str, set[str]]
) -> None:
    marts = {name for name, model in public.items() if model["schema"] == "marts"}
    assert read_by["postgresql"] == marts


def test_the_dashboard_is_exposed_to_what_its_charts_and_filters_read(
    public: dict[str, Any], read_by: dict[str, set[str]]
) -> None:
    def documents(folder: str) -> list[dict[str, Any]]:
        paths = sorted((DASHBOARD / folder).rglob("*.yaml"))
        return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]

    datasets = {one["uuid"]: one for one in documents("datasets")}
    used = {chart["dataset_uuid"] for chart in documents("charts")} | {
        target["datasetUuid"]
        for board in documents("dashboards")
        for chosen in board["metadata"]["native_filter_configuration"]
        for target in chosen["targets"]
    }
    tables: set[str] = set()
    for dataset in (datasets[uuid] for uuid in used):
        asked = re.findall(r"(?:from|join) marts\.(\w+)", dataset["sql"] or "")
        tables |= set(asked) or {dataset["table_name"]}
    assert read_by[BOARD] == tables
