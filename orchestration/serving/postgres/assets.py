"""PostgreSQL as the last asset of the night, when one is named.

Belongs here: one thin asset. Does not belong here: how a version gets there (serve.py).
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.jobs import ONE_NIGHT_A_RUN
from orchestration.publication.assets import WAREHOUSE_KEY
from orchestration.serving.postgres.target import target_of
from orchestration.settings import Settings

POSTGRES_KEY = dg.AssetKey(["serve", "postgres"])


def build_postgres(
    settings: Settings, partitions: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """The asset, or nothing where no PostgreSQL is named."""
    target = target_of(settings)
    if target is None:
        return []

    @dg.multi_asset(
        name="serve_postgres",
        specs=[
            dg.AssetSpec(
                POSTGRES_KEY,
                deps=[WAREHOUSE_KEY],
                group_name="serve",
                kinds={"postgres"},
                description="The published version in PostgreSQL, where BI tools read it.",
                partitions_def=partitions,
            )
        ],
        backfill_policy=ONE_NIGHT_A_RUN,
    )
    def serve_postgres(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        # Nights without a PostgreSQL must not pay for its libraries.
        from orchestration.serving.postgres.serve import serve

        served = serve(settings, target)
        for remark in served.remarks:
            context.log.warning(remark)
        yield dg.MaterializeResult(
            asset_key=POSTGRES_KEY,
            metadata={
                "version": served.version,
                "rows_sent": served.row_count,
                "seconds": served.seconds,
                "served": "\n".join([served.told, *served.remarks]),
            },
        )

    return [serve_postgres]
