"""Every rate has a definition, every definition a column, and what is written from them is true.

Belongs here: the registry of metrics beside dbt's manifest, the files written from it, and the
measures it names. Does not belong here: the numbers (tests/integration/test_semantic_layer.py).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from orchestration.metrics.__main__ import files
from orchestration.metrics.registry import Metric, registered_metrics
from orchestration.metrics.semantic import SEMANTIC_METRICS
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse.project import manifest

METRICS = registered_metrics()
Columns = dict[str, set[str]]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    project = manifest(Settings(home=tmp_path_factory.mktemp("manifest")))
    return {
        node["name"]: node
        for node in project["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


@pytest.fixture(scope="module")
def marts(nodes: dict[str, dict]) -> Columns:
    return {name: set(node["columns"]) for name, node in nodes.items()}


def test_every_rate_of_a_mart_is_registered(marts: Columns) -> None:
    known = {(metric.mart, metric.column) for metric in METRICS}
    rates = {
        (mart, column) for mart, columns in marts.items() for column in columns
        if column.endswith("_rate")
    }  # fmt: skip
    assert rates - known == set()


def test_every_win_rate_is_registered_and_no_other(nodes: dict[str, dict]) -> None:
    """The mart holds a row for each id; that the table has no bare win rate is the point of it."""
    computed = set(re.findall(r"'(win_rate_\w+)'", nodes["win_rate"]["raw_code"]))
    assert {metric.id for metric in METRICS if metric.mart == "win_rate"} == computed


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_a_metric_stands_where_it_says(metric: Metric, marts: Columns) -> None:
    named = {metric.column, metric.numerator, metric.denominator} - {None}
    if metric.interval:
        named |= {f"{metric.column}_low", f"{metric.column}_high"}
    assert metric.mart in marts
    assert named - marts[metric.mart] == set()


def test_no_two_metrics_go_by_one_id_or_one_name() -> None:
    for told in ("id", "name"):
        words = [getattr(metric, told) for metric in METRICS]
        assert sorted(words) == sorted(set(words))


def test_a_share_has_its_numerator_and_denominator() -> None:
    bare = [
        metric.id
        for metric in METRICS
        if metric.unit in ("share", "ratio") and not (metric.numerator and metric.denominator)
    ]
    # A projection is no quotient of what was seen, and a quartile lies between quotients.
    assert bare == ["bottleneck_target_rate", "cohort_projected_win_rate"]


def test_the_semantic_layer_has_the_measures_that_metrics_name() -> None:
    document = yaml.safe_load(
        SEMANTIC_METRICS.with_name("_semantic__models.yml").read_text(encoding="utf-8")
    )
    measures = {
        measure["name"]
        for model in document["semantic_models"]
        for measure in model.get("measures", [])
    }
    simple = {metric.id for metric in METRICS if metric.measure}
    assert {metric.measure for metric in METRICS if metric.measure} == measures
    assert {its for metric in METRICS for its in metric.ratio_of or ()} <= simple


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_what_is_written_from_the_registry_is_up_to_date(path: Path) -> None:
    """After a change of the registry: `python -m orchestration.metrics`."""
    assert path.read_text(encoding="utf-8") == files()[path]
