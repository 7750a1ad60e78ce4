"""The layer law, on dbt's manifest: layers look down only."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from orchestration.settings import Settings
from orchestration.warehouse.project import manifest

# A model is of the first layer that its path names: the base lies within staging.
MAY_READ = {
    "base": {"source"},
    "staging": {"source", "base"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"intermediate", "marts"},
    "ops": {"staging", "intermediate", "marts", "ops"},
}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which the project was parsed."""
    settings = Settings(home=tmp_path_factory.mktemp("manifest"))
    manifest(settings)
    return settings


@pytest.fixture(scope="module")
def nodes(parsed: Settings) -> dict[str, dict]:
    project = manifest(parsed)
    return {**project["nodes"], **project["sources"]}


def test_a_manifest_stays_true_whatever_the_clock_says(parsed: Settings) -> None:
    path = parsed.dbt_target / "manifest.json"
    os.utime(path, (0, 0))

    manifest(parsed)
    assert path.stat().st_mtime == 0


def test_a_manifest_that_a_kill_cut_off_is_parsed_anew(parsed: Settings) -> None:
    path = parsed.dbt_target / "manifest.json"
    path.write_bytes(path.read_bytes()[:1000])
    path.with_name("manifest.of").unlink()

    assert "model.flywheel.fct_opportunity" in manifest(parsed)["nodes"]


def test_a_manifest_that_cannot_be_read_is_parsed_anew(parsed: Settings) -> None:
    path = parsed.dbt_target / "manifest.json"
    path.write_bytes(path.read_bytes()[:1000])

    assert "model.flywheel.fct_opportunity" in manifest(parsed)["nodes"]


def _layer(node: dict) -> str:
    if node["resource_type"] == "source":
        return "source"
    return next(layer for layer in MAY_READ if layer in node["fqn"])


def _models(nodes: dict[str, dict]) -> list[dict]:
    return [node for node in nodes.values() if node["resource_type"] == "model"]


def test_layers_look_down_only(nodes: dict[str, dict]) -> None:
    upward = [
        f"{model['name']} ({_layer(model)}) reads {nodes[parent]['name']} ({_layer(nodes[parent])})"
        for model in _models(nodes)
        for parent in model["depends_on"]["nodes"]
        if _layer(nodes[parent]) not in MAY_READ[_layer(model)]
    ]
    assert upward == []


def test_staging_of_a_family_of_sources_reads_nothing_of_another(nodes: dict[str, dict]) -> None:
    """Where a night brought nothing of a family, its models are not built (warehouse/build.py)."""
    foreign = [
        f"{model['name']} reads {nodes[parent]['name']}"
        for model in _models(nodes)
        if _layer(model) in ("base", "staging")
        for parent in model["depends_on"]["nodes"]
        if model["fqn"][2] not in nodes[parent]["fqn"]
    ]
    assert foreign == []


def test_every_mart_has_an_enforced_contract_and_a_description(nodes: dict[str, dict]) -> None:
    bare = [
        model["name"]
        for model in _models(nodes)
        if _layer(model) in ("marts", "ops")
        # What is part of another model has no table that a contract could bind.
        and model["config"]["materialized"] != "ephemeral"
        and not (model["config"]["contract"]["enforced"] and model["description"])
    ]
    assert bare == []


def test_every_model_says_its_grain_first(nodes: dict[str, dict]) -> None:
    silent = [
        model["name"]
        for model in _models(nodes)
        if not model["raw_code"].lstrip().startswith(("-- One row", "{{- config", "{%"))
    ]
    assert silent == []


def test_no_model_reads_the_clock(nodes: dict[str, dict]) -> None:
    clocks = ("current_date", "current_timestamp", "now()", "today()", "getdate", "run_started_at")
    late = [
        f"{model['name']}: {clock}"
        for model in _models(nodes)
        for clock in clocks
        if clock in model["raw_code"].lower()
    ]
    assert late == []


def test_only_macros_speak_duckdb(nodes: dict[str, dict]) -> None:
    dialect = (r"\bqualify\b", r"epoch_us", r"unnest\(", r"generate_series", r"quantile", r"::")
    found = [
        f"{model['name']}: {words}"
        for model in _models(nodes)
        for words in dialect
        if re.search(words, model["raw_code"].lower())
    ]
    assert found == []


def test_models_are_named_after_their_layer(nodes: dict[str, dict]) -> None:
    prefixes = {"base": ("base_",), "staging": ("stg_",), "intermediate": ("int_",)}
    misnamed = [
        model["name"]
        for model in _models(nodes)
        if not model["name"].startswith(prefixes.get(_layer(model), ("",)))
    ]
    assert misnamed == []


def test_every_model_stands_in_the_folder_of_its_layer(nodes: dict[str, dict]) -> None:
    astray = [
        model["name"]
        for model in _models(nodes)
        if not _is_in_folder(Path(model["original_file_path"]), _layer(model))
    ]
    assert astray == []


def _is_in_folder(path: Path, layer: str) -> bool:
    """The base of a source stands in the folder of its staging."""
    folders = path.parts[2:-1]
    return folders[::2][:2] == ("staging", "base") if layer == "base" else folders[0] == layer
