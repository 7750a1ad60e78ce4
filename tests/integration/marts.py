"""Marts alone: what tests share that build models without running a whole night."""

from __future__ import annotations

from collections.abc import Iterable

from orchestration.privacy.border import mask_bronze
from orchestration.settings import Settings
from orchestration.warehouse.build import build_candidate
from orchestration.warehouse.project import invoke


def build_marts(settings: Settings, marts: Iterable[str]) -> None:
    """Build some marts and all they stand on into the candidate, without their data tests."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    mask_bronze(settings)
    selected = [f"+{mart}" for mart in marts]
    result = invoke(
        settings,
        [
            *("build", "--no-write-json", "--exclude-resource-type", "test", "unit_test"),
            *("--select", *selected),
        ],
    )
    # dbt-duckdb keeps its connection; the tests have to open the file.
    DuckDBConnectionManager.close_all_connections()
    assert result.success, [str(node.message) for node in result.result or []]


def build_night(settings: Settings, full_refresh: bool = False) -> str | None:
    """Build everything into the candidate, as a night does: on what the candidate held before, or,
    with `full_refresh` and where a night would, from bronze alone. Returns why, if it does.
    """
    before = settings.candidate.with_name("before.duckdb")
    if settings.candidate.exists():
        settings.candidate.replace(before)
    result = build_candidate(settings, version=before, full=full_refresh, with_tests=False)
    failed = [model for model in result.models if not model.is_built]
    assert not failed, [f"{model.unique_id}: {model.message}" for model in failed]
    return result.rebuilt_because
