"""Every asset, check, job, schedule and sensor of Flywheel, put together in one place.

Belongs here: assembly. Nothing is read or connected to before `build_defs` is called.
"""

import dagster as dg

from orchestration.bronze.assets import build_bronze_assets, count_checks
from orchestration.gate.assets import build_gate
from orchestration.gate.suites import read_suites
from orchestration.jobs import EXECUTOR, build_nightly_job, nights
from orchestration.labels import BY_HAND, labelled
from orchestration.morning.assets import build_morning_report
from orchestration.outcome.sensors import build_sensors
from orchestration.publication.assets import build_publication
from orchestration.schedules import build_nightly_schedule
from orchestration.serving.postgres.assets import build_postgres
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from orchestration.warehouse.assets import build_warehouse_assets
from orchestration.warehouse.project import manifest


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """All definitions for one home; `settings` defaults to the environment's."""
    settings = settings or Settings()
    sources = load_sources(settings.user_sources)
    project = manifest(settings)
    suites = read_suites()
    dbt_tests = sum(node["resource_type"] == "test" for node in project["nodes"].values())
    partitions = nights()

    bronze = build_bronze_assets(settings, sources, partitions)
    warehouse = build_warehouse_assets(settings, sources, project, partitions)
    gate_suites, verdict = build_gate(
        settings, sources, suites, count_checks(sources) + dbt_tests, partitions
    )
    publication = build_publication(settings, partitions)
    morning = build_morning_report(settings, partitions)

    return dg.Definitions(
        assets=labelled(
            settings,
            [
                *BY_HAND,
                *bronze,
                warehouse,
                verdict,
                publication,
                morning,
                *build_postgres(settings, partitions),
            ],
        ),
        asset_checks=[gate_suites],
        jobs=[build_nightly_job(partitions)],
        schedules=[build_nightly_schedule(settings)],
        sensors=build_sensors(settings),
        executor=EXECUTOR,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster dev` and the daemon load."""
    return build_defs()
