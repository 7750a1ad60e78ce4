"""Dagster's graph changes by a reviewed diff: assets, jobs and schedules against a snapshot.

After a wanted change run `python -m tests.architecture.test_graph` and review the diff.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.gate.suites import read_suites
from orchestration.settings import Settings

SNAPSHOT = Path(__file__).with_name("graph.txt")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dg.AssetGraph:
    settings = Settings(home=tmp_path_factory.mktemp("graph"))
    return build_defs(settings).resolve_asset_graph()


def _described(defs: dg.Definitions) -> str:
    graph = defs.resolve_asset_graph()
    lines = ["# assets: group, key <- upstream"]
    for key in sorted(graph.get_all_asset_keys(), key=lambda key: key.path):
        node = graph.get(key)
        upstream = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name}: {key.to_user_string()} <- {upstream}")
    lines.append("# jobs")
    lines += [f"{job.name}" for job in defs.resolve_all_job_defs() if not job.name.startswith("__")]
    lines.append("# schedules")
    lines += [f"{each.name}: {each.cron_schedule}" for each in defs.schedules or []]
    lines.append("# sensors")
    lines += [f"{each.name}" for each in defs.sensors or []]
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_reviewed_one(tmp_path: Path) -> None:
    assert _described(build_defs(Settings(home=tmp_path))) == SNAPSHOT.read_text()


def test_every_suite_is_a_blocking_check_on_its_table(graph: dg.AssetGraph) -> None:
    checks = set(graph.asset_check_keys)
    for suite in read_suites():
        for expectation in suite.expectations:
            key = dg.AssetCheckKey(dg.AssetKey(suite.table.split(".")), f"gx_{expectation.check}")
            assert key in checks
            assert graph.get(key).blocking


def test_the_published_warehouse_comes_from_every_extract(graph: dg.AssetGraph) -> None:
    published = dg.AssetKey(["published", "flywheel"])
    upstream, waiting = set(), [published]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - upstream:
            upstream.add(parent)
            waiting.append(parent)
    bronze = {key for key in graph.get_all_asset_keys() if key.path[0] in ("landing", "bronze")}
    assert bronze <= upstream


def test_every_declared_check_is_counted_by_the_verdict(graph: dg.AssetGraph) -> None:
    """dbt tests that Dagster attaches to no asset would run uncounted, or not at all."""
    from orchestration.bronze.assets import CHECKS, count_checks
    from orchestration.sources.catalog import load_sources

    suites = sum(len(suite.expectations) for suite in read_suites())
    bronze = count_checks(load_sources(Path("nowhere")))
    dbt = [key for key in graph.asset_check_keys if not key.name.startswith("gx_")]
    personal = 1
    assert len(graph.asset_check_keys) == suites + personal + len(dbt)
    assert sum(key.name in CHECKS for key in dbt) == bronze


def test_every_asset_says_who_owns_it_and_what_made_it(graph: dg.AssetGraph) -> None:
    bare = [
        key.to_user_string()
        for key in graph.get_all_asset_keys()
        if not (graph.get(key).owners and graph.get(key).kinds)
    ]
    assert bare == []


def test_every_asset_is_in_the_group_of_its_layer(graph: dg.AssetGraph) -> None:
    layers = {
        "landing": "extracts",
        "sources": "extracts",
        "night": "intermediate",
        "published": "publish",
    }
    astray = [
        key.to_user_string()
        for key in graph.get_all_asset_keys()
        if graph.get(key).group_name != layers.get(key.path[0], key.path[0])
    ]
    assert astray == []


def test_extracts_bronze_and_publication_must_be_fresh(graph: dg.AssetGraph) -> None:
    watched = {
        key.path[0]
        for key in graph.get_all_asset_keys()
        if graph.get(key).freshness_policy is not None
    }
    assert watched == {"landing", "bronze", "published"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        SNAPSHOT.write_text(_described(build_defs(Settings(home=Path(home)))))
