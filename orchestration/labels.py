"""What Dagster's catalogue says of every asset: who owns it, what made it, when it must be fresh.

Belongs here: owners, kinds and freshness by layer, put on assets as they are assembled. Does not
belong here: groups and descriptions, which each layer gives its own assets.
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from orchestration.publication.assets import WAREHOUSE_KEY
from orchestration.settings import Settings

# Who answers for a layer. Whoever loads and publishes is not who says what a metric means.
_OWNERS = {
    "extracts": "team:data-platform",
    "bronze": "team:data-platform",
    "staging": "team:analytics-engineering",
    "intermediate": "team:analytics-engineering",
    "marts": "team:analytics-engineering",
    "ops": "team:data-platform",
    "gate": "team:data-platform",
    "publish": "team:data-platform",
    "serve": "team:data-platform",
}
_KINDS = {"extracts": {"file"}, "bronze": {"polars", "parquet"}}

# The tables of the models that no step makes.
BY_HAND = [
    dg.AssetSpec(
        dg.AssetKey(["sources", "stage_map"]),
        group_name="extracts",
        description="What the company calls its stages, by hand: `sources/stage_map.csv`.",
    ),
    dg.AssetSpec(
        dg.AssetKey(["sources", "accepted"]),
        group_name="extracts",
        description="Which lasting changes were meant, by `flywheel accept`: `ops/accepted.csv`.",
    ),
]


def labelled(
    settings: Settings, assets: Iterable[dg.AssetsDefinition | dg.AssetSpec]
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The same assets with owners, kinds and freshness."""
    policy = dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=settings.stale_hours),
        warn_window=timedelta(hours=settings.stale_hours * 0.9),
    )

    def label(spec: dg.AssetSpec) -> dg.AssetSpec:
        group = spec.group_name or "default"
        is_watched = spec.key.path[0] in ("landing", "bronze") or spec.key == WAREHOUSE_KEY
        return spec.replace_attributes(
            owners=[*spec.owners, *([_OWNERS[group]] if group in _OWNERS else [])],
            kinds=spec.kinds | _KINDS.get(group, set()),
            freshness_policy=policy if is_watched else spec.freshness_policy,
        )

    return list(dg.map_asset_specs(label, list(assets)))
