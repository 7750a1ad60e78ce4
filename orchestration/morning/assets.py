"""The report as a Dagster asset.

Belongs here: Dagster's view of the report. Does not belong here: how a page is made (writing.py).
A page that cannot be written fails its own step, after the version was published: readers have it.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.jobs import ONE_NIGHT_A_RUN
from orchestration.publication.assets import WAREHOUSE_KEY
from orchestration.settings import Settings

MORNING_KEY = dg.AssetKey(["serve", "morning_report"])


def build_morning_report(
    settings: Settings, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """The page of the version that readers see."""

    @dg.multi_asset(
        name="morning_report",
        specs=[
            dg.AssetSpec(
                MORNING_KEY,
                deps=[WAREHOUSE_KEY],
                group_name="serve",
                kinds={"html", "altair"},
                description="One page for people, of the version that was published last.",
                partitions_def=partitions,
            )
        ],
        backfill_policy=ONE_NIGHT_A_RUN,
    )
    def morning_report() -> Iterator[dg.MaterializeResult[None]]:
        from orchestration.morning.writing import write_morning

        page = write_morning(settings)
        yield dg.MaterializeResult(
            asset_key=MORNING_KEY,
            metadata={"path": dg.MetadataValue.path(page), "bytes": page.stat().st_size},
        )

    return morning_report
