"""One `dbt build` of the candidate, and what came of each node.

Belongs here: building into the private file, and telling apart what refuses the night (data
that breaks a test or a contract) from what is broken itself (SQL that does not run).
Does not belong here: what the file begins as (seed.py), Dagster's events (assets.py), GX suites
(gate/).
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.faults import is_of_the_machine
from orchestration.privacy.border import mask_bronze
from orchestration.settings import Settings
from orchestration.warehouse.project import DbtFailedError, invoke, manifest
from orchestration.warehouse.seed import seal_build, seed_candidate

_SAMPLE_ROWS = 10


@dataclass(frozen=True)
class ModelResult:
    """One model: built, failed or skipped. `is_data_fault` when its contract refused the rows."""

    unique_id: str
    status: str
    seconds: float
    message: str
    row_count: int | None

    @property
    def is_built(self) -> bool:
        """Whether the table stands in the candidate."""
        return self.status == "success"

    @property
    def is_data_fault(self) -> bool:
        """Whether the data, not the SQL, made it fail."""
        return self.status == "error" and "Constraint Error" in self.message

    @property
    def is_broken(self) -> bool:
        """Whether it failed by itself: its SQL, or a file that it cannot read."""
        return self.status == "error" and not self.is_data_fault


@dataclass(frozen=True)
class TestResult:
    """One data test: how many rows break it, and a few of them.

    `is_excused` when it could not run because a model below it is broken.
    """

    unique_id: str
    name: str
    description: str
    table: str
    severity: str
    has_run: bool
    passed: bool
    failures: int
    message: str
    sample: list[dict[str, Any]]
    is_excused: bool = False


@dataclass(frozen=True)
class BuildResult:
    """All nodes of one build. `rebuilt_because` says why it began from bronze, if it did."""

    rebuilt_because: str | None
    models: list[ModelResult]
    tests: list[TestResult]

    @property
    def broken(self) -> list[ModelResult]:
        """Models that failed by themselves."""
        return [model for model in self.models if model.is_broken]


def build_candidate(
    settings: Settings,
    *,
    version: Path | None = None,
    full: bool = False,
    with_tests: bool = True,
) -> BuildResult:
    """Build every model and run every data test on a candidate that begins as a copy of `version`;
    if asked not to, no test. What is read of bronze is read masked.

    Raises DbtFailedError when dbt does not get as far as running nodes, or the machine fails it: a
    test that could not be run on a full disk must not refuse the night.
    """
    mask_bronze(settings)
    seed = seed_candidate(settings, version, full=full)
    result = invoke(
        settings,
        [
            *("build", "--no-write-json", "--exclude-resource-type", "unit_test"),
            *(() if with_tests else ("test",)),
            *(("--exclude", *map(_staging_of, seed.quiet)) if seed.quiet else ()),
        ],
    )
    nodes = getattr(result.result, "results", None)
    if nodes is None:
        raise DbtFailedError(f"dbt did not run: {result.exception}")
    with _connection_of_the_build() as connection:
        outcome = _outcome(connection, nodes, seed.rebuilt_because)
    _let_go_of_the_file(settings.candidate)
    results: list[ModelResult | TestResult] = [*outcome.models, *outcome.tests]
    for each in results:
        if is_of_the_machine(each.message):
            raise DbtFailedError(f"{each.unique_id}: {each.message}")
    seal_build(settings, seed.rebuilt_because)
    return excuse(outcome, manifest(settings)["child_map"]) if outcome.broken else outcome


def _staging_of(family: str) -> str:
    """Models that read nothing but bronze of a family: without new loads they are as they were."""
    return f"path:dbt_project/models/staging/{family}"


def _outcome(
    connection: duckdb.DuckDBPyConnection, nodes: Any, rebuilt_because: str | None
) -> BuildResult:
    """What came of each node, while all that its tests looked at still stands."""
    counts = {
        (schema, table): count
        for schema, table, count in connection.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables()"
        ).fetchall()
    }
    return BuildResult(
        rebuilt_because=rebuilt_because,
        models=[_model(node, counts) for node in nodes if node.node.resource_type.value == "model"],
        tests=[
            _test(node, connection) for node in nodes if node.node.resource_type.value == "test"
        ],
    )


def excuse(result: BuildResult, children: Mapping[str, Iterable[str]]) -> BuildResult:
    """Excuse the tests that stand on a broken model; `children` says what reads each node.

    From the manifest, because dbt's results do not tell of ephemeral models.
    """
    missing: set[str] = set()
    following = {model.unique_id for model in result.broken}
    while following:
        missing |= following
        following = {child for each in following for child in children.get(each, ())} - missing
    tests = [
        replace(test, is_excused=not test.has_run and test.unique_id in missing)
        for test in result.tests
    ]
    return replace(result, tests=tests)


def _connection_of_the_build() -> duckdb.DuckDBPyConnection:
    """dbt-duckdb's own, which also sees what the build kept in memory."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    connection: duckdb.DuckDBPyConnection = DuckDBConnectionManager.env().conn.cursor()
    return connection


def _let_go_of_the_file(candidate: Path) -> None:
    """dbt-duckdb keeps its connection for the life of the process, and whoever comes next needs the
    file.

    After a failed model its traceback may hold a cursor, and with it the file, until the garbage is
    collected. That takes half a second, so it is done only when it has to be.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
    try:
        duckdb.connect(str(candidate), read_only=True).close()
    except duckdb.ConnectionException:
        gc.collect()


def _model(result: Any, counts: dict[tuple[str, str], int]) -> ModelResult:
    node = result.node
    return ModelResult(
        unique_id=node.unique_id,
        status=result.status.value,
        seconds=float(result.execution_time),
        message=str(result.message or ""),
        row_count=counts.get((node.schema, node.name)),
    )


def _test(result: Any, connection: duckdb.DuckDBPyConnection) -> TestResult:
    node, status = result.node, result.status.value
    sample: list[dict[str, Any]] = []
    if status in ("fail", "warn") and node.compiled_code:
        cursor = connection.execute(f"from ({node.compiled_code}) limit {_SAMPLE_ROWS}")
        names = [column[0] for column in cursor.description]
        sample = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    attached = (node.attached_node or "").split(".")[-1]
    return TestResult(
        unique_id=node.unique_id,
        name=node.name,
        description=node.description or node.name,
        table=attached,
        severity="critical" if str(node.config.severity).lower() == "error" else "warning",
        has_run=status != "skipped",
        passed=status == "pass",
        failures=int(result.failures or 0),
        message=str(result.message or ""),
        sample=sample,
    )
