"""The suites as blocking asset checks, and the verdict that publication waits for.

Belongs here: Dagster's view of the gate. Does not belong here: how a check runs (run.py).
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.bronze.night import refuse
from orchestration.gate.in_dagster import as_dagster
from orchestration.gate.results import record, results_of, verdict_of
from orchestration.gate.stamp import give_stamp
from orchestration.gate.suites import Suite
from orchestration.jobs import ONE_NIGHT_A_RUN
from orchestration.outcome.links import check_link
from orchestration.outcome.origin import with_origins
from orchestration.privacy import suite as privacy
from orchestration.settings import Settings
from orchestration.sources.catalog import Source

VERDICT_KEY = dg.AssetKey(["gate", "verdict"])


def build_gate(
    settings: Settings,
    sources: dict[str, Source],
    suites: list[Suite],
    other_checks: int,
    partitions: dg.PartitionsDefinition,
) -> tuple[dg.AssetChecksDefinition, dg.AssetsDefinition]:
    """The check step over all suites, and the verdict.

    `other_checks` is how many checks bronze and dbt declare: the verdict counts all of them.
    """
    specs = [
        *(
            _spec(suite.table, expectation.check, expectation.description)
            for suite in suites
            for expectation in suite.expectations
        ),
        _spec(privacy.TABLE, privacy.NAME, privacy.DESCRIPTION),
    ]
    return (
        _suites(settings, sources, suites, specs),
        _verdict(settings, suites, other_checks + len(specs), partitions),
    )


def _spec(table: str, check: str, description: str) -> dg.AssetCheckSpec:
    key = _key(table, check)
    return dg.AssetCheckSpec(key.name, asset=key.asset_key, description=description, blocking=True)


def _key(table: str, check: str) -> dg.AssetCheckKey:
    """Under a name apart from those of dbt's tests on the same table."""
    return dg.AssetCheckKey(dg.AssetKey(table.split(".")), f"gx_{check}")


def _suites(
    settings: Settings,
    sources: dict[str, Source],
    suites: list[Suite],
    specs: list[dg.AssetCheckSpec],
) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name="gate_suites", specs=specs, pool="candidate")
    def gate_suites(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        from orchestration.gate.run import run_suites

        results = run_suites(suites, settings.candidate)
        results.append(privacy.check_personal_data(settings.candidate))
        results = with_origins(settings, sources, results)
        record(settings, context.run.run_id, context.partition_key, "suites", results)
        if verdict_of(results).refusing:
            refuse(settings)
        for result in results:
            link = check_link(settings, context.partition_key, context.run.run_id, result)
            yield as_dagster(_key(result.table, result.check), result, link)

    return gate_suites


def _verdict(
    settings: Settings,
    suites: list[Suite],
    expected_checks: int,
    partitions: dg.PartitionsDefinition,
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="gate_verdict",
        specs=[
            dg.AssetSpec(
                VERDICT_KEY,
                deps=[dg.AssetKey(suite.table.split(".")) for suite in suites],
                group_name="gate",
                kinds={"greatexpectations"},
                description=(
                    "Every declared check ran and no critical one failed; stamps the candidate."
                ),
                partitions_def=partitions,
            )
        ],
        backfill_policy=ONE_NIGHT_A_RUN,
        pool="candidate",
    )
    def verdict(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        outcome = verdict_of(results_of(settings, context.run_id))
        stamp = give_stamp(
            settings, context.run_id, expected_checks, outcome.ran, len(outcome.warning)
        )
        yield dg.MaterializeResult(
            asset_key=VERDICT_KEY,
            metadata={
                "checks": stamp.ran_checks,
                "warnings": stamp.warnings,
                "warned": [f"{check.suite}: {check.check}" for check in outcome.warning],
            },
        )

    return verdict
