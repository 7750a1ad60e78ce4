"""The sources as Dagster assets: what landed, and the bronze rows made of it.

Belongs here: assets and the blocking check of each object. Does not belong here: loading (load.py),
which files are due (due.py).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from orchestration.bronze.due import survey
from orchestration.bronze.judge import CHECKS, judge_object
from orchestration.bronze.night import begin, heal, load_night, refuse, refuse_objects, retry
from orchestration.bronze.profile import remember_profiles
from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.in_dagster import as_dagster
from orchestration.gate.results import GateRefusedError, record, verdict_of
from orchestration.instance import bury_dead_runs
from orchestration.jobs import ONE_NIGHT_A_RUN, is_by_hand
from orchestration.lock import hold_lock
from orchestration.outcome.links import check_link
from orchestration.recovery import recover
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, canonical_contracts

_MEANINGS = {
    "contract_held": "Its files can be read, few of their rows are refused, references are listed.",
    "as_usual": "It came as in the night before: columns and, where it comes whole, rows.",
}
LEDGER_KEY = dg.AssetKey(["bronze", "ledger"])
PROFILE_KEY = dg.AssetKey(["bronze", "load_profile"])


def count_checks(sources: dict[str, Source]) -> int:
    """How many checks bronze declares."""
    return len(CHECKS) * sum(len(source.contracts) for source in sources.values())


def build_bronze_assets(
    settings: Settings, sources: dict[str, Source], partitions: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """The landing assets, one step for each source, and the ledger that closes the account."""
    return [
        _landing(settings, sources, partitions),
        *(_bronze(settings, source, partitions) for source in sources.values()),
        _ledger(settings, sources, partitions),
    ]


def _landing(
    settings: Settings, sources: dict[str, Source], partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            dg.AssetKey(["landing", name]),
            group_name="extracts",
            description=f"Files that {name} dropped, by night.",
            partitions_def=partitions,
        )
        for name in sources
    ]

    @dg.multi_asset(
        name="landing",
        specs=specs,
        backfill_policy=ONE_NIGHT_A_RUN,
        retry_policy=dg.RetryPolicy(max_retries=2, delay=1),
    )
    def landing(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        hold_lock(settings)
        bury_dead_runs(context.instance, context.run_id)
        for sentence in recover(settings):
            context.log.warning(sentence)
        night = date.fromisoformat(context.partition_key)
        undone = heal(settings)
        begin(settings, context.run_id)
        if is_by_hand(context.run):
            # Who starts a night by hand wants it tried again, as with `flywheel nightly --date`.
            retry(settings, night)
        found = survey(settings, Ledger(settings.ledger), run_of=night)
        for each in found.unclaimed:
            if each.partition("/")[0] not in sources:
                context.log.warning(f"no source claims {each}: it is not read")
        if not found.files:
            context.log.warning(
                f"no file is due for the night {night}: what landed of it is loaded already, or "
                f"nothing did. The models are built anew of what is loaded"
            )
        for name in sources:
            due = [
                file
                for files in found.files.values()
                for file in files
                if file.contract.source == name
            ]
            yield dg.MaterializeResult(
                asset_key=["landing", name],
                metadata={
                    "files_due": len(due),
                    "files": [f"{file.night}/{file.name}" for file in due],
                    "unclaimed": [each for each in found.unclaimed if each.startswith(f"{name}/")],
                    "undone_loads": len(undone),
                },
            )

    return landing


def _bronze(
    settings: Settings, source: Source, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    keys = {name: dg.AssetKey(["bronze", source.name, name]) for name in source.contracts}

    @dg.multi_asset(
        name=f"bronze_{source.name}",
        backfill_policy=ONE_NIGHT_A_RUN,
        specs=[
            dg.AssetSpec(
                key,
                deps=[dg.AssetKey(["landing", source.name])],
                group_name="bronze",
                kinds={"polars"},
                description=source.contracts[name].description,
                partitions_def=partitions,
            )
            for name, key in keys.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(check, asset=key, blocking=True, description=_MEANINGS[check])
            for key in keys.values()
            for check in CHECKS
        ],
        # Reading is what fails for passing reasons (a file still being written, a share away).
        retry_policy=dg.RetryPolicy(max_retries=2, delay=1),
        pool="candidate",
    )
    def bronze(context: dg.AssetExecutionContext) -> Iterator[Any]:
        hold_lock(settings)
        night = date.fromisoformat(context.partition_key)
        loads = load_night(settings, night, context.run_id, source.name)
        ledger = Ledger(settings.ledger)
        checks = {
            name: judge_object(settings, source.contracts[name], _of(loads, name), ledger)
            for name in keys
        }
        judged = [check for each in checks.values() for check in each]
        record(settings, context.run_id, context.partition_key, f"bronze-{source.name}", judged)
        refusing = verdict_of(judged).refusing
        if refusing:
            refuse(settings)
        else:
            refuse_objects(settings, [name for name in keys if not checks[name][0].success], loads)
        for name, key in keys.items():
            yield dg.MaterializeResult(asset_key=key, metadata=_sums(_of(loads, name)))
            for check in checks[name]:
                link = check_link(settings, context.partition_key, context.run_id, check)
                yield as_dagster(dg.AssetCheckKey(key, check.check), check, link)
        if refusing:
            raise dg.Failure(str(GateRefusedError(refusing)), allow_retries=False)

    return bronze


def _ledger(
    settings: Settings, sources: dict[str, Source], partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """The ledger, and for each canonical object all mapped sources as one."""
    bronze = [
        dg.AssetKey(["bronze", source.name, name])
        for source in sources.values()
        for name in source.contracts
    ]
    canonical = {
        name: [
            dg.AssetKey(["bronze", source.name, name])
            for source in sources.values()
            if name in source.contracts and source.contracts[name].canonical
        ]
        for name in canonical_contracts()
    }

    @dg.multi_asset(
        name="bronze_account",
        backfill_policy=ONE_NIGHT_A_RUN,
        specs=[
            dg.AssetSpec(
                LEDGER_KEY,
                deps=bronze,
                group_name="bronze",
                description="Every file that was ever loaded, with its rows and its fate.",
                partitions_def=partitions,
            ),
            dg.AssetSpec(
                PROFILE_KEY,
                deps=bronze,
                group_name="bronze",
                description="What each load of the newest nights holds, in numbers.",
                partitions_def=partitions,
            ),
            *(
                dg.AssetSpec(
                    dg.AssetKey(["bronze", "mapped", name]),
                    deps=deps,
                    group_name="bronze",
                    description=f"{name} of all mapped sources, in canonical columns.",
                    partitions_def=partitions,
                )
                for name, deps in canonical.items()
            ),
        ],
    )
    def bronze_account() -> Iterator[dg.MaterializeResult[None]]:
        remember_profiles(settings)
        yield dg.MaterializeResult(asset_key=PROFILE_KEY)
        loads = [load for load in Ledger(settings.ledger).loads if load.status != "refused"]
        yield dg.MaterializeResult(asset_key=LEDGER_KEY, metadata=_sums(loads))
        for name, deps in canonical.items():
            sources_of = {key.path[1] for key in deps}
            rows = [each for each in loads if each.object == name and each.source in sources_of]
            yield dg.MaterializeResult(asset_key=["bronze", "mapped", name], metadata=_sums(rows))

    return bronze_account


def _of(loads: list[Load], object_: str) -> list[Load]:
    return [load for load in loads if load.object == object_]


def _sums(loads: list[Load]) -> dict[str, int | float]:
    return {
        "files": len(loads),
        "rows_read": sum(load.rows_read for load in loads),
        "dagster/row_count": sum(load.rows_accepted for load in loads),
        "rows_quarantined": sum(load.rows_quarantined for load in loads),
        "seconds": sum((load.finished_at - load.started_at).total_seconds() for load in loads),
    }
