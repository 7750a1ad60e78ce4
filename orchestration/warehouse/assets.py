"""dbt models as Dagster assets, dbt tests as blocking asset checks.

Belongs here: names and groups of the models in Dagster's graph, and the events of one build.
Does not belong here: how dbt is called (project.py), what the models compute (dbt_project/).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration.bronze.assets import LEDGER_KEY, PROFILE_KEY
from orchestration.bronze.night import refuse
from orchestration.gate.in_dagster import as_dagster
from orchestration.gate.results import CheckResult, GateRefusedError, record, verdict_of
from orchestration.jobs import FULL_REFRESH, ONE_NIGHT_A_RUN
from orchestration.lock import hold_lock
from orchestration.outcome.links import check_link
from orchestration.outcome.origin import with_origins
from orchestration.privacy.border import drop_unreadable
from orchestration.settings import Settings
from orchestration.sources.catalog import Source
from orchestration.warehouse.build import BuildResult, ModelResult, TestResult, build_candidate
from orchestration.warehouse.project import DbtFailedError

_UNIQUE_ID = "dagster_dbt/unique_id"
_MUST_HOLD = {
    "contract": "The table holds what its contract promises.",
    "model": "The table can be built.",
}
_EXPECTED = {"contract": "no violation", "model": "a table"}


class LayerTranslator(DagsterDbtTranslator):
    """Asset keys `<layer>/<model>`, groups by layer, sources that point at bronze assets."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Sources are the bronze assets that other rooms make; models keep their schema's name."""
        if dbt_resource_props["resource_type"] != "source":
            return super().get_asset_key(dbt_resource_props)
        source, table = dbt_resource_props["source_name"], dbt_resource_props["name"]
        if source == "flywheel":
            remembered = {"ledger": LEDGER_KEY, "load_profile": PROFILE_KEY}
            return remembered.get(table, dg.AssetKey(["sources", table]))
        return dg.AssetKey(["bronze", source, table])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer."""
        return (
            "bronze"
            if dbt_resource_props["resource_type"] == "source"
            else _layer(dbt_resource_props)
        )

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description as it stands in the YAML; the SQL has a tab of its own."""
        return str(dbt_resource_props.get("description", ""))


def _layer(properties: Mapping[str, Any]) -> str:
    layers = ("staging", "intermediate", "marts", "ops")
    return str(next(part for part in properties["fqn"] if part in layers))


def build_warehouse_assets(
    settings: Settings,
    sources: dict[str, Source],
    manifest: Mapping[str, Any],
    partitions: dg.PartitionsDefinition,
) -> dg.AssetsDefinition:
    """The dbt project as one step of the night, one asset a model, one check a data test."""

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=LayerTranslator(),
        partitions_def=partitions,
        exclude="resource_type:unit_test",
        name="warehouse",
        backfill_policy=ONE_NIGHT_A_RUN,
        pool="candidate",
    )
    def warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
        hold_lock(settings)
        night = context.partition_key
        result = build_candidate(
            settings,
            version=settings.published.resolve() if settings.published.exists() else None,
            full=FULL_REFRESH in context.run.tags,
        )
        if result.rebuilt_because:
            context.log.info(f"everything was rebuilt from bronze: {result.rebuilt_because}")
        checks = judge(settings, sources, context.run_id, night, result)
        link_of = partial(check_link, settings, night, context.run_id)
        yield from _events(context.assets_def, result, checks, link_of)
        for model in result.broken:
            drop_unreadable(settings, model.message)
        require_good(result, checks)

    return warehouse


def judge(
    settings: Settings, sources: dict[str, Source], run_id: str, night: str, result: BuildResult
) -> list[CheckResult]:
    """Keep what the build says of the data, and refuse the night for it where it has to be."""
    checks = with_origins(settings, sources, checks_of(result))
    record(settings, run_id, night, "warehouse", checks)
    if verdict_of(checks).refusing:
        refuse(settings)
    return checks


def require_good(result: BuildResult, checks: list[CheckResult]) -> None:
    """Raises DbtFailedError where a model is broken, GateRefusedError where the data is wrong."""
    if result.broken:
        raise DbtFailedError(
            "\n".join(f"{model.unique_id}: {model.message}" for model in result.broken)
        )
    refusing = verdict_of(checks).refusing
    if refusing:
        raise GateRefusedError(refusing)


def _events(
    assets: dg.AssetsDefinition,
    result: BuildResult,
    checks: list[CheckResult],
    link_of: Callable[[CheckResult], str],
) -> Iterator[Any]:
    """Models and tests as Dagster's events; `checks` are the tests as they were judged."""
    asset_keys = {spec.metadata[_UNIQUE_ID]: spec.key for spec in assets.specs}
    check_keys = {spec.metadata[_UNIQUE_ID]: spec.key for spec in assets.check_specs}
    for model in result.models:
        if model.is_built:
            yield dg.MaterializeResult(
                asset_key=asset_keys[model.unique_id],
                metadata={"dagster/row_count": model.row_count, "seconds": model.seconds},
            )
    judged = {check.check: check for check in checks}
    for test in result.tests:
        if test.has_run and test.unique_id in check_keys:
            check = judged[test.name]
            yield as_dagster(check_keys[test.unique_id], check, link_of(check))


def checks_of(result: BuildResult) -> list[CheckResult]:
    """What the build says of the data.

    A test that did not run is a failure, unless a model below it is broken: that says nothing of
    the data and fails the step. Such a test is left out, so that it never counts as one that ran.
    Where the data is wrong as well, the night is refused, and what is broken is told beside that.
    """
    checks = [_as_check(test) for test in result.tests if not test.is_excused]
    checks += [_of_model(model, "contract") for model in result.models if model.is_data_fault]
    if verdict_of(checks).refusing:
        checks += [_of_model(model, "model") for model in result.broken]
    return checks


def _as_check(test: TestResult) -> CheckResult:
    return CheckResult(
        suite="dbt",
        check=test.name,
        table=test.table,
        severity=test.severity,
        success=test.passed,
        description=test.description,
        observed=f"{test.failures} rows" if test.has_run else "did not run",
        expected="0 rows",
        unexpected_count=test.failures,
        sample=test.sample,
    )


def _of_model(model: ModelResult, check: str) -> CheckResult:
    """A model that was not built, as a failed check of its table."""
    return CheckResult(
        suite="dbt",
        check=check,
        table=model.unique_id.split(".")[-1],
        severity="critical",
        success=False,
        description=_MUST_HOLD[check],
        observed=model.message,
        expected=_EXPECTED[check],
        unexpected_count=None,
        sample=[],
    )
