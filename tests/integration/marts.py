"""Marts alone: what tests share that build models without running a whole night."""

from __future__ import annotations

from collections.abc import Iterable

from orchestration.settings import Settings
from orchestration.warehouse.project import invoke


def build_marts(settings: Settings, marts: Iterable[str]) -> None:
    """Build some marts and all they stand on into the candidate, without their data tests."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

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
