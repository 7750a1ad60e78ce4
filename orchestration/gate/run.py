"""All suites against the candidate.

Belongs here: strict building of suites, one result per expectation, offending rows of those that
fail. Does not belong here: what is asked (expectations/), what follows from it (assets.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.faults import is_of_the_machine
from orchestration.gate.put_off import put_off
from orchestration.gate.results import CheckResult
from orchestration.gate.scope import (
    SCOPES,
    follows_the_change,
    keep_recomputed,
    recomputed_rows,
    scratch_name,
    with_rows_of,
)
from orchestration.gate.suites import Expectation, Suite, narrowed_tables

_SAMPLE_ROWS = 10


class GateIncompleteError(Exception):
    """Fewer results than expectations, or a machine on which they could not be had: a check that
    did not run is a failure.
    """


def run_suites(suites: list[Suite], candidate: Path) -> list[CheckResult]:
    """Run every expectation of every suite; read-only.

    In a later night those of scope `recomputed` see only what the night computed anew.

    Raises GateIncompleteError when results are missing, and whatever Great Expectations raises on
    an expectation it does not know: a suite is never run in part.
    """
    # A third of the import of Great Expectations, for expectations on distributions.
    put_off("scipy.stats")
    import great_expectations as gx

    from orchestration.gate.engine import (
        DuckDBDatasource,
        connection_string,
        dispose,
        own_connection,
    )

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    datasource = DuckDBDatasource(
        name="candidate",
        connection_string=connection_string(candidate),
        kwargs={"skip_autocommit_rollback": True},
    )
    results: list[CheckResult] = []
    try:
        connection = own_connection(datasource)
        narrows = follows_the_change(connection)
        if narrows:
            for scope in SCOPES:
                keep_recomputed(connection, scope, narrowed_tables(suites, scope))
        asked = {suite.name: _assets(datasource, suite, narrows) for suite in suites}
        # A context writes all its configuration anew whenever something is added to what it knows:
        # so it gets to know the datasource last, and whole.
        context.add_datasource(datasource=datasource)
        for suite in suites:
            results += _run_suite(asked[suite.name], suite)
        return _with_samples(results, suites, connection, narrows)
    finally:
        dispose(datasource)


def build_suite(suite: Suite) -> Any:
    """A Great Expectations suite; raises on an unknown type, where GX itself would only log."""
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    from orchestration.gate.engine import TYPES

    return gx.ExpectationSuite(
        name=suite.name,
        expectations=[
            ExpectationConfiguration(
                type=TYPES.get(expectation.type, expectation.type),
                kwargs=expectation.kwargs,
                meta=expectation.meta,
                severity=expectation.severity,
                description=expectation.description,
            ).to_domain_obj()
            for expectation in suite.expectations
        ],
    )


@dataclass(frozen=True)
class _Asked:
    """Some expectations of a suite, and the rows that they are asked about."""

    asset: Any
    expectations: list[Expectation]
    narrowed: bool


def _assets(datasource: Any, suite: Suite, narrows: bool) -> list[_Asked]:
    """The whole table, and what the night computed anew of it, for those that ask about them."""
    schema, table = suite.table.split(".")
    whole = [each for each in suite.expectations if not _is_narrowed(each, narrows)]
    narrowed = [each for each in suite.expectations if _is_narrowed(each, narrows)]
    asked = []
    if whole:
        asset = datasource.add_table_asset(suite.table, table_name=table, schema_name=schema)
        asked.append(_Asked(asset, whole, narrowed=False))
    if narrowed:
        asset = datasource.add_query_asset(
            f"{suite.table} of this night", query=f"select * from {scratch_name(suite.table)}"
        )
        asked.append(_Asked(asset, narrowed, narrowed=True))
    for each in asked:
        each.asset.add_batch_definition_whole_table("whole")
    return asked


def _run_suite(asked: list[_Asked], suite: Suite) -> list[CheckResult]:
    by_check: dict[str, Any] = {}
    for each in asked:
        by_check |= _validate(each, suite)
    return [
        _as_check(suite, expectation, by_check[expectation.check])
        for expectation in suite.expectations
    ]


def _is_narrowed(expectation: Expectation, narrows: bool) -> bool:
    return narrows and expectation.scope == "recomputed"


def _validate(asked: _Asked, suite: Suite) -> dict[str, Any]:
    """Results by name of the check; raises when one is missing."""
    batch = asked.asset.get_batch_definition("whole").get_batch()
    expectations = [_with_query(each, narrowed=asked.narrowed) for each in asked.expectations]
    outcome = batch.validate(
        build_suite(replace(suite, expectations=expectations)), result_format="SUMMARY"
    )
    if len(outcome.results) != len(expectations):
        raise GateIncompleteError(
            f"{suite.name}: {len(outcome.results)} results of {len(expectations)} expectations"
        )
    return {result.expectation_config.meta["check"]: result for result in outcome.results}


def _with_query(expectation: Expectation, *, narrowed: bool) -> Expectation:
    if expectation.query is None:
        return expectation
    query = with_rows_of(expectation.query, scratch_name if narrowed else str)
    return replace(expectation, kwargs=expectation.kwargs | {"unexpected_rows_query": query})


def _as_check(suite: Suite, expectation: Expectation, result: Any) -> CheckResult:
    raised = [info["exception_message"] for info in _exceptions(result.exception_info)]
    found = result.result
    observed = found.get("observed_value")
    if observed is None and found.get("unexpected_count") is not None:
        observed = f"{found['unexpected_count']} of {found.get('element_count')} values"
    told = CheckResult(
        suite=suite.name,
        check=expectation.check,
        table=suite.table,
        severity=expectation.severity,
        success=bool(result.success),
        description=expectation.description,
        observed=str(observed),
        expected=", ".join(
            f"{name}={value}"
            for name, value in expectation.kwargs.items()
            if name != "unexpected_rows_query"
        ),
        unexpected_count=found.get("unexpected_count"),
        sample=[{"value": str(value)} for value in found.get("partial_unexpected_list") or []][
            :_SAMPLE_ROWS
        ],
    )
    return _broken(told, raised) if raised else told


def _exceptions(info: Any) -> list[dict[str, Any]]:
    """GX gives one exception, or one per metric, under the same name."""
    if "raised_exception" in info:
        return [info] if info["raised_exception"] else []
    return [each for each in info.values() if each.get("raised_exception")]


def _with_samples(
    results: list[CheckResult],
    suites: list[Suite],
    connection: duckdb.DuckDBPyConnection,
    narrows: bool,
) -> list[CheckResult]:
    """Offending rows of failed queries; GX would return them only by loading all of them."""
    failed = {(result.suite, result.check) for result in results if not result.success}
    queries = {
        (suite.name, expectation.check): _query_for_people(suite, expectation, narrows)
        for suite in suites
        for expectation in suite.expectations
        if expectation.query is not None and (suite.name, expectation.check) in failed
    }
    sampled = []
    for result in results:
        query = queries.get((result.suite, result.check))
        if query is None:
            sampled.append(result)
            continue
        try:
            rows = _rows(connection, f"from ({query}) limit {_SAMPLE_ROWS}")
        except duckdb.Error as error:
            # Counting had left out the columns that cannot be computed.
            sampled.append(_broken(result, [str(error)]))
        else:
            sampled.append(replace(result, sample=rows))
    return sampled


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _broken(result: CheckResult, raised: list[str]) -> CheckResult:
    """A check that could not be carried out refuses the night, whatever it would have said.

    Raises GateIncompleteError where the machine is to blame: that says nothing of the night, which
    is not refused but fails, and is run again.
    """
    said = "; ".join(raised)
    if any(map(is_of_the_machine, raised)):
        raise GateIncompleteError(f"{result.suite}, {result.check}: {said}")
    return replace(result, severity="critical", success=False, observed=said)


def _query_for_people(suite: Suite, expectation: Expectation, narrows: bool) -> str:
    """The query on its own, without what the gate keeps while it runs."""

    def rows(table: str) -> str:
        if suite.scope is None or not _is_narrowed(expectation, narrows):
            return table
        return f"({recomputed_rows(suite.scope, table)})"

    return with_rows_of(expectation.query or "", rows).format(batch=rows(suite.table))
