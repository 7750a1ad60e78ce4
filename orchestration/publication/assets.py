"""The publication as a Dagster asset.

Belongs here: the last step of the lineage. Does not belong here: how a version is made.
"""

import dagster as dg

from orchestration.gate.assets import VERDICT_KEY
from orchestration.publication.promote import promote
from orchestration.settings import Settings

WAREHOUSE_KEY = dg.AssetKey(["published", "flywheel"])


def build_publication(
    settings: Settings, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """The published warehouse."""

    @dg.asset(
        key=WAREHOUSE_KEY,
        deps=[VERDICT_KEY],
        partitions_def=partitions,
        group_name="publish",
        kinds={"duckdb"},
        description="The version that analysts and BI tools read, switched by one rename.",
        pool="candidate",
    )
    def flywheel(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        publication = promote(settings)
        context.log.info("published %s", publication.version)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": publication.row_count,
                "version": publication.version,
                "as_of_date": publication.as_of_date.isoformat(),
                "tables": publication.table_count,
                "checks": publication.check_count,
                "warnings": publication.warning_count,
                "path": dg.MetadataValue.path(settings.published),
            }
        )

    return flywheel
