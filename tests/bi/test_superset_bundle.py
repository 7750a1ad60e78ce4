"""What Superset imports is whole: every mart a dataset, and every name a chart uses is there.

Belongs here: the bundle as files, the connection, the pins. Does not belong here: Superset itself
(test_superset.py).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.metrics.registry import registered_metrics
from orchestration.serving.superset.bundle import bundle
from orchestration.serving.superset.connection import (
    READER_PASSWORD,
    NotConnectedError,
    address,
    shown,
)
from orchestration.serving.superset.datasets import DASHBOARD, dataset_files, models
from orchestration.serving.superset.environment import REQUIREMENTS
from orchestration.settings import PROJECT_ROOT, Settings
from tests.pages import checkout

CHARTS = sorted((DASHBOARD / "charts").glob("*.yaml"))
# Options of a chart that name a column, and those that name metrics.
COLUMNS = ("x_axis", "groupby", "all_columns")
METRICS = ("metric", "metrics", "timeseries_limit_metric")


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


DATASETS = {
    document["uuid"]: document
    for document in map(read, sorted((DASHBOARD / "datasets").rglob("*.yaml")))
}
(BOARD,) = (read(path) for path in (DASHBOARD / "dashboards").glob("*.yaml"))


WRITTEN = dataset_files()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_a_dataset_of_a_mart_is_up_to_date(path: Path) -> None:
    """Of marts and registry as they are: `python -m orchestration.serving.superset.datasets`."""
    assert path.read_text(encoding="utf-8") == WRITTEN[path]


def test_every_dataset_is_a_mart_or_a_query_over_marts() -> None:
    marts = {model["name"] for model in models()}
    for document in DATASETS.values():
        tables = set(re.findall(r"marts\.(\w+)", document["sql"] or ""))
        assert document["table_name"] in marts or (tables and tables <= marts), document


def test_every_number_of_the_registry_that_adds_up_is_a_metric_and_no_other() -> None:
    """Medians, projections and shares of one denominator in many rows: columns show them."""
    there = {metric["metric_name"] for one in DATASETS.values() for metric in one["metrics"]}
    for metric in registered_metrics():
        assert (metric.id in there) == metric.adds_up, metric.id


def test_a_win_rate_by_age_counts_cohorts_that_have_reached_the_age_alone() -> None:
    """At age 3 the older of two cohorts is observed: 30 of 100 are won, whatever the other will."""
    (triangle,) = (one for one in DATASETS.values() if one["table_name"] == "cohort_win_triangle")
    expressions = {each["metric_name"]: each["expression"] for each in triangle["metrics"]}
    asked = [expressions[name] for name in ("cohort_win_rate", "cohort_realised_rate")]
    found = duckdb.sql(
        f"select {', '.join(asked)} from (values (true, 30, 100, 450, 900), "
        "(false, null, 200, null, 600)) as cells "
        "(is_observed, won_count, cohort_count, won_amount, cohort_amount)"
    ).fetchall()
    assert found == [(0.3, 0.5)]


def stage_labels() -> Iterator[tuple[str, str]]:
    """What each dataset makes of `stage_rank` and `stage_name`, by its name."""
    for document in DATASETS.values():
        written = re.search(r"^\s*(.*) as stage_label", document["sql"] or "", re.M)
        if written:
            yield document["table_name"], written[1].replace("dim_stage.", "")
        for column in document["columns"]:
            if column["column_name"] == "stage_label" and column["expression"]:
                yield document["table_name"], column["expression"]


@pytest.mark.parametrize(("table", "expression"), stage_labels())
def test_the_labels_of_twelve_stages_sort_by_rank(table: str, expression: str) -> None:
    labels = duckdb.sql(
        f"select {expression} from range(1, 13) as ranks (stage_rank), "
        "(values ('Stage')) as names (stage_name) order by stage_rank"
    ).fetchall()
    assert labels == sorted(labels), table


def names(value: Any) -> Iterator[str]:
    """Names in an option; a metric written out in the chart is none."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.stem)
def test_a_chart_uses_what_its_dataset_has(path: Path) -> None:
    chart = read(path)
    dataset = DATASETS[chart["dataset_uuid"]]
    said = chart["params"]
    columns = {column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    assert {name for option in COLUMNS for name in names(said.get(option, []))} <= columns
    assert {name for option in METRICS for name in names(said.get(option, []))} <= metrics
    assert {one["subject"] for one in said["adhoc_filters"]} <= columns
    assert chart["description"].endswith(".")


def test_the_dashboard_holds_every_chart_once() -> None:
    placed = [
        item["meta"]["uuid"]
        for item in BOARD["position"].values()
        if isinstance(item, dict) and item["type"] == "CHART"
    ]
    assert sorted(placed) == sorted(read(path)["uuid"] for path in CHARTS)


def test_filters_choose_from_columns_that_are_there() -> None:
    for chosen in BOARD["metadata"]["native_filter_configuration"]:
        for target in chosen["targets"]:
            columns = DATASETS[target["datasetUuid"]]["columns"]
            assert target["column"]["name"] in {column["column_name"] for column in columns}


def test_the_bundle_bears_the_address_of_this_machine() -> None:
    connection = yaml.safe_load(bundle("duckdb:////elsewhere.duckdb")["databases/Flywheel.yaml"])
    assert connection["sqlalchemy_uri"] == "duckdb:////elsewhere.duckdb"
    assert not connection["allow_dml"]


def test_in_postgres_superset_is_the_reader_and_never_the_loader(settings: Settings) -> None:
    loader = "postgresql://loader:secret@db:5433/warehouse?sslmode=require"
    with pytest.raises(NotConnectedError, match=READER_PASSWORD):
        address(Settings(home=settings.home, postgres=loader))
    found = address(
        Settings(home=settings.home, postgres=loader, postgres_reader_password="p@ss/word")
    )
    assert found == (
        "postgresql+psycopg2://bi_reader:p%40ss%2Fword@db:5433/warehouse?sslmode=require"
    )
    assert shown(found) == "postgresql+psycopg2://bi_reader:…@db:5433/warehouse?sslmode=require"


def test_without_postgres_superset_reads_the_published_file_and_cannot_write(
    settings: Settings,
) -> None:
    with pytest.raises(NotConnectedError, match="make nightly"):
        address(settings)
    settings.warehouse.mkdir(parents=True)
    settings.published.touch()
    assert address(settings) == (
        f"duckdb:///{settings.published}"
        "?access_mode=read_only&enable_external_access=false&lock_configuration=true"
    )


@pytest.mark.parametrize("is_published", [False, True])
def test_no_night_runs_before_superset_where_there_is_something_to_show(
    tmp_path: Path, is_published: bool
) -> None:
    """`make superset` ends with what is wrong, and nothing has landed before it."""
    home = tmp_path / "home"
    given = {"FLYWHEEL_HOME": str(home), "FLYWHEEL_SUPERSET_PORT": "none"}
    if is_published:
        (home / "warehouse").mkdir(parents=True)
        (home / "warehouse" / "flywheel.duckdb").touch()
    else:
        given["FLYWHEEL_POSTGRES"] = "postgresql://loader:secret@db/warehouse"
    folder = tmp_path / "checkout"
    folder.mkdir()
    done = subprocess.run(
        ["make", "superset"],
        cwd=checkout(folder),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT_ROOT)} | given,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "FLYWHEEL_SUPERSET_PORT must be a number" in done.stderr
    assert not (home / "landing").exists()


def test_every_pin_of_superset_has_a_version_and_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", REQUIREMENTS.read_text(encoding="utf-8").strip())
    pins = [entry for entry in entries if not entry.startswith("#")]
    assert len(pins) > 100
    assert [
        pin for pin in pins if not re.match(r"[\w.-]+==[\w.]+.*--hash=sha256:", pin, re.S)
    ] == []
