"""The nightly job: everything from landing to publication, for one night.

Belongs here: what the job selects and how it runs, and which night a run is of. Does not belong
here: when (schedules.py).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.extracts.landing import FIRST_NIGHT

if TYPE_CHECKING:
    # Dagster gives the type of its own public function no public name.
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

NIGHTLY = "nightly"
# A run that bears this tag rebuilds everything from bronze.
FULL_REFRESH = "flywheel/full_refresh"

# A run that bears this tag is one of `flywheel nightly`, which says itself what is tried again.
OF_CONSOLE = "flywheel/of_console"
_OF_SCHEDULE = "dagster/schedule_name"

# A process for each step would cost about two CPU-seconds a step, and leave the lock between them.
EXECUTOR = dg.in_process_executor

# The night of a run that is started, and of one of a backfill of assets.
_NIGHT_TAGS = ("dagster/partition", "dagster/asset_partition_range_start")

# Every night is a run of its own: a night is judged and published by itself.
ONE_NIGHT_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def nights() -> dg.DailyPartitionsDefinition:
    """One partition a night, tomorrow's included: it may have begun where the CRM is.

    Partitions follow UTC and nights the clock of the machine, which may be a day ahead of it.
    """
    return dg.DailyPartitionsDefinition(start_date=FIRST_NIGHT.isoformat(), end_offset=3)


def night_of(run: dg.DagsterRun) -> date | None:
    """The night that a run is of, whichever job it is of and whoever started it."""
    named = [run.tags[tag] for tag in _NIGHT_TAGS if tag in run.tags]
    return date.fromisoformat(named[0]) if named else None


def is_by_hand(run: dg.DagsterRun) -> bool:
    """Whether a person asked for the night of a run in Dagster, be it in a backfill."""
    return not {OF_CONSOLE, _OF_SCHEDULE} & run.tags.keys()


def build_nightly_job(
    partitions: dg.PartitionsDefinition[str],
) -> UnresolvedAssetJobDefinition:
    """The one job that is ours; Dagster has one of its own, for what is started in its graph."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        partitions_def=partitions,
        executor_def=EXECUTOR,
        description="Load what landed, build the candidate, run the gate, publish.",
    )
