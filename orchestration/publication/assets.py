"""The publication as a Dagster asset.

Belongs here: the last step of the lineage. Does not belong here: how a version is made.
"""

from collections.abc import Iterator
from time import perf_counter

import dagster as dg

from orchestration.gate.assets import VERDICT_KEY
from orchestration.jobs import ONE_NIGHT_A_RUN
from orchestration.lock import hold_lock
from orchestration.publication.promote import promote
from orchestration.settings import Settings

WAREHOUSE_KEY = dg.AssetKey(["published", "flywheel"])


def build_publication(
    settings: Settings, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """The published warehouse."""

    @dg.multi_asset(
        name="publish",
        specs=[
            dg.AssetSpec(
                WAREHOUSE_KEY,
                deps=[VERDICT_KEY],
                group_name="publish",
                kinds={"duckdb"},
                description="The version that analysts and BI tools read, switched by one rename.",
                partitions_def=partitions,
            )
        ],
        backfill_policy=ONE_NIGHT_A_RUN,
        pool="candidate",
    )
    def publish() -> Iterator[dg.MaterializeResult[None]]:
        hold_lock(settings)
        began = perf_counter()
        publication = promote(settings)
        yield dg.MaterializeResult(
            asset_key=WAREHOUSE_KEY,
            metadata={
                "dagster/row_count": publication.row_count,
                "seconds": perf_counter() - began,
                "version": publication.version,
                "as_of_date": publication.as_of_date.isoformat(),
                "tables": publication.table_count,
                "checks": publication.check_count,
                "warnings": publication.warning_count,
                "path": dg.MetadataValue.path(settings.published),
            },
        )

    return publish
